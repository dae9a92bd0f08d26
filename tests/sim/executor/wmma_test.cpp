/// wmma of every shape and type, from matrices in memory to a matrix in memory, against the numerics.
#include <algorithm>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "kernel_fixture.h"
#include "numerics/float_format.h"
#include "numerics/reference_gemm.h"

namespace stcsim {
namespace {

using enum ElementType;

struct WmmaCase {
    std::uint32_t m, n, k;
    ElementType input;
    ElementType sums;
    std::uint32_t a, b, c;  ///< registers of the fragments, as PTX counts them
    Overflow overflow = Overflow::wrap;
    BitOperation bits = BitOperation::none;

    [[nodiscard]] std::string shape() const { return fmt::format("m{}n{}k{}", m, n, k); }
    /// Elements smaller than a byte lie along k only.
    [[nodiscard]] bool any_layout() const { return bits_of(input) >= 8; }
    [[nodiscard]] std::string types() const {
        if (input == f16) return fmt::format("{0}.{0}", name_of(sums));
        return fmt::format("{0}.{1}.{1}.{0}", name_of(sums), name_of(input));
    }
    [[nodiscard]] std::string operation() const {
        return bits == BitOperation::none ? "" : bits == BitOperation::xor_popc ? ".xor.popc" : ".and.popc";
    }
};

void PrintTo(const WmmaCase& one, std::ostream* out) {
    *out << one.shape() << '.' << one.types() << one.operation();
}

const std::vector<WmmaCase> cases{
    {16, 16, 16, f16, f32, 8, 8, 8},
    {32, 8, 16, f16, f32, 8, 8, 8},
    {8, 32, 16, f16, f32, 8, 8, 8},
    {16, 16, 16, f16, f16, 8, 8, 4},
    {32, 8, 16, f16, f16, 8, 8, 4},
    {8, 32, 16, f16, f16, 8, 8, 4},
    {16, 16, 16, bf16, f32, 4, 4, 8},
    {32, 8, 16, bf16, f32, 8, 2, 8},
    {8, 32, 16, bf16, f32, 2, 8, 8},
    {16, 16, 8, tf32, f32, 4, 4, 8},
    {16, 16, 16, s8, s32, 2, 2, 8},
    {32, 8, 16, s8, s32, 4, 1, 8},
    {8, 32, 16, s8, s32, 1, 4, 8},
    {16, 16, 16, u8, s32, 2, 2, 8},
    {32, 8, 16, u8, s32, 4, 1, 8},
    {8, 32, 16, u8, s32, 1, 4, 8},
    {16, 16, 16, s8, s32, 2, 2, 8, Overflow::saturate},
    {16, 16, 16, u8, s32, 2, 2, 8, Overflow::saturate},
    {8, 8, 32, s4, s32, 1, 1, 2},
    {8, 8, 32, u4, s32, 1, 1, 2},
    {8, 8, 32, s4, s32, 1, 1, 2, Overflow::saturate},
    {8, 8, 128, b1, s32, 1, 1, 2, Overflow::wrap, BitOperation::xor_popc},
    {8, 8, 128, b1, s32, 1, 1, 2, Overflow::wrap, BitOperation::and_popc},
    {8, 8, 4, f64, f64, 1, 1, 2},
};

/// How a matrix lies in memory: rows or columns one after the other, each `stride` elements from the last.
struct Layout {
    bool columns = false;
    std::uint32_t stride = 0;

    [[nodiscard]] const char* name() const { return columns ? "col" : "row"; }
    [[nodiscard]] std::size_t place(std::size_t row, std::size_t column) const {
        return columns ? column * stride + row : row * stride + column;
    }
};

Layout layout_of(bool columns, const BitMatrix& matrix) {
    // Longer than needed, by what keeps every row or column aligned as PTX wants it.
    const std::size_t inner = columns ? matrix.rows : matrix.columns;
    return {columns, static_cast<std::uint32_t>(inner + 256 / bits_of(matrix.type))};
}

std::vector<std::byte> in_memory(const BitMatrix& matrix, const Layout& layout) {
    const std::uint32_t bits = bits_of(matrix.type);
    const std::size_t outer = layout.columns ? matrix.columns : matrix.rows;
    std::vector<std::byte> bytes(outer * layout.stride * bits / 8);
    for (std::size_t row = 0; row < matrix.rows; ++row) {
        for (std::size_t column = 0; column < matrix.columns; ++column) {
            const std::size_t at = layout.place(row, column) * bits;
            for (std::uint32_t bit = 0; bit < bits; ++bit) {
                const auto one = static_cast<unsigned>(matrix.at(row, column) >> bit & 1U);
                bytes[(at + bit) / 8] |= std::byte(one << (at + bit) % 8);
            }
        }
    }
    return bytes;
}

BitMatrix random_bits(std::size_t rows, std::size_t columns, ElementType type, bool wild, std::mt19937_64& random) {
    BitMatrix matrix(rows, columns, type);
    const std::uint32_t bits = bits_of(type);
    for (ElementBits& element : matrix.storage) {
        element = bits == 64 ? random() : random() & ((ElementBits{1} << bits) - 1);
        if (wild || !is_float(type)) continue;
        // Near one, where sums are rounded.
        const ElementBits sign = element & ElementBits{1} << (bits - 1);
        const ElementBits near = type == f16    ? 0x3800
                                 : type == bf16 ? 0x3F00
                                 : bits == 32   ? 0x3F000000
                                                : 0x3FE0000000000000;
        const ElementBits digits = type == f16 ? 0x3FF : type == bf16 ? 0x7F : bits == 32 ? 0x7FFFFF : 0xFFFFFFFFFFFFF;
        element = sign | near | (element & digits);
    }
    return matrix;
}

std::string list(char operand, std::uint32_t count) {
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < count; ++i) names.push_back(fmt::format("%{}{}", operand, i));
    return fmt::format("{{{}}}", fmt::join(names, ", "));
}

struct Layouts {
    Layout a, b, c;
};

std::string kernel_of(const WmmaCase& one, const Layouts& layouts, std::size_t b_at, std::size_t c_at) {
    const char* const register_type = one.input == f64 ? "b64" : "b32";
    const std::string shape = one.shape();
    const std::string a = list('A', one.a);
    const std::string b = list('B', one.b);
    const std::string c = list('C', one.c);
    const std::string d = list('D', one.c);
    std::string text =
        fmt::format(".reg .{0} %A<8>; .reg .{0} %B<8>; .reg .{0} %C<8>; .reg .{0} %D<8>;\n", register_type);
    text += fmt::format("add.s64 %d3, %d1, {}; add.s64 %d4, %d1, {};\n", b_at, c_at);
    const auto load = [&](char operand, const std::string& registers, const char* address, const Layout& layout,
                          ElementType type) {
        text += fmt::format("wmma.load.{}.sync.aligned.{}.{}.global.{} {}, [{}], {};\n", operand, layout.name(), shape,
                            name_of(type), registers, address, layout.stride);
    };
    load('a', a, "%d1", layouts.a, one.input);
    load('b', b, "%d3", layouts.b, one.input);
    load('c', c, "%d4", layouts.c, one.sums);
    text += fmt::format("wmma.mma{}.sync.aligned.{}.{}.{}.{}{} {}, {}, {}, {};\n", one.operation(), layouts.a.name(),
                        layouts.b.name(), shape, one.types(), one.overflow == Overflow::saturate ? ".satfinite" : "", d,
                        a, b, c);
    text += fmt::format("wmma.store.d.sync.aligned.{}.{}.global.{} [%d2], {}, {};\n", layouts.c.name(), shape,
                        name_of(one.sums), d, layouts.c.stride);
    return text;
}

class WmmaValues : public ::testing::TestWithParam<WmmaCase> {};

TEST_P(WmmaValues, AreThoseOfTheNumericsInEveryLayout) {
    const WmmaCase& one = GetParam();
    std::mt19937_64 random(12);
    for (std::uint32_t variant = 0; variant < 16; ++variant) {
        const bool wild = (variant & 8U) != 0;
        if (!one.any_layout() && (variant & 3U) != 2) continue;
        const BitMatrix a = random_bits(one.m, one.k, one.input, wild, random);
        const BitMatrix b = random_bits(one.k, one.n, one.input, wild, random);
        const BitMatrix c = random_bits(one.m, one.n, one.sums, wild, random);
        const Layouts layouts{layout_of((variant & 1U) != 0, a), layout_of((variant & 2U) != 0, b),
                              layout_of((variant & 4U) != 0, c)};
        std::vector<std::byte> in = in_memory(a, layouts.a);
        const std::size_t b_at = in.size();
        for (const std::byte byte : in_memory(b, layouts.b)) in.push_back(byte);
        const std::size_t c_at = in.size();
        const std::vector<std::byte> c_bytes = in_memory(c, layouts.c);
        in.insert(in.end(), c_bytes.begin(), c_bytes.end());
        TestKernel kernel(kernel_of(one, layouts, b_at, c_at));
        const auto out = kernel.run<std::byte>(in, c_bytes.size());
        const GemmOptions options{
            .padded_k = one.k, .overflow = one.overflow, .bit_operation = one.bits, .instruction_k = one.k};
        EXPECT_EQ(out, in_memory(reference_gemm(a, b, c, options), layouts.c))
            << "layouts of A, B, C: " << layouts.a.name() << ", " << layouts.b.name() << ", " << layouts.c.name()
            << (wild ? ", any bits" : "");
    }
}

INSTANTIATE_TEST_SUITE_P(Of, WmmaValues, ::testing::ValuesIn(cases));

}  // namespace
}  // namespace stcsim
