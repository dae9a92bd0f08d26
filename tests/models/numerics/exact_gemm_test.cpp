/// Products of integers, bits and f64 against references that share no code with the numerics: integers in 64 bits,
/// expanded from their sparse form; bits in a loop; f64 by the C library's fma.

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "numerics/reference_gemm.h"
#include "random_matrices.h"

namespace stcsim::testing {
namespace {

using enum ElementType;

/// What the bits of an integer type stand for.
std::int64_t number(ElementType type, ElementBits bits) {
    switch (type) {
        case s8: return static_cast<std::int8_t>(bits);
        case s4: return bits < 8 ? static_cast<std::int64_t>(bits) : static_cast<std::int64_t>(bits) - 16;
        case s32: return static_cast<std::int32_t>(bits);
        default: return static_cast<std::int64_t>(bits);
    }
}

/// A as m x k numbers: each kept value at its place, added up where codes of a group are equal.
std::vector<std::int64_t> expanded(const BitMatrix& values, const std::vector<std::uint8_t>& codes, std::size_t k) {
    std::vector<std::int64_t> numbers(values.rows * k);
    const bool pairs = values.type == s4 || values.type == u4;
    for (std::size_t row = 0; row < values.rows; ++row) {
        for (std::size_t s = 0; s < values.columns; ++s) {
            const std::size_t stored = row * values.columns + s;
            const std::size_t place =
                pairs ? s / 4 * 8 + std::size_t{codes[stored / 2]} * 2 + s % 2 : s / 2 * 4 + codes[stored];
            numbers[row * k + place] += number(values.type, values.storage[stored]);
        }
    }
    return numbers;
}

/// D by 64-bit sums, each clamped after `instruction_k` products, or wrapped at the end.
BitMatrix wide_product(const std::vector<std::int64_t>& a, const BitMatrix& b, const BitMatrix& c, Overflow overflow,
                       std::size_t instruction_k) {
    using Limits = std::numeric_limits<std::int32_t>;
    BitMatrix d = c;
    for (std::size_t row = 0; row < c.rows; ++row) {
        for (std::size_t column = 0; column < c.columns; ++column) {
            std::int64_t sum = number(s32, c.at(row, column));
            for (std::size_t k = 0; k < b.rows; ++k) {
                sum += a[row * b.rows + k] * number(b.type, b.at(k, column));
                const bool last = (k + 1) % instruction_k == 0 || k + 1 == b.rows;
                if (overflow != Overflow::saturate || !last) continue;
                sum = sum > Limits::max() ? Limits::max() : sum < Limits::min() ? Limits::min() : sum;
            }
            d.at(row, column) = static_cast<std::uint32_t>(sum);
        }
    }
    return d;
}

RC_GTEST_PROP(IntegerGemm, EqualsWideSums, ()) {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const bool bytes = *rc::gen::arbitrary<bool>();
    const ElementType a_type = bytes ? *rc::gen::element(s8, u8) : *rc::gen::element(s4, u4);
    const ElementType b_type = bytes ? *rc::gen::element(s8, u8) : *rc::gen::element(s4, u4);
    const bool sparse = *rc::gen::arbitrary<bool>();
    const Overflow overflow = *rc::gen::element(Overflow::wrap, Overflow::saturate);
    constexpr std::size_t instruction_k = 64;
    const auto rows = *rc::gen::inRange<std::size_t>(1, 4);
    const auto columns = *rc::gen::inRange<std::size_t>(1, 40);
    const std::size_t k = 8 * *rc::gen::inRange<std::size_t>(1, 50);
    const BitMatrix a = random_matrix(rows, sparse ? k / 2 : k, a_type, Numbers::close, random);
    const BitMatrix b = random_matrix(k, columns, b_type, Numbers::close, random);
    const BitMatrix c = sums_near_overflow(rows, columns, random);
    const GemmOptions options{.overflow = overflow, .instruction_k = instruction_k};
    if (sparse) {
        const auto codes = random_codes(rows, k / 2, sparse_pattern_of(a_type), random);
        RC_ASSERT(reference_sparse_gemm(a, codes, b, c, options) ==
                  wide_product(expanded(a, codes, k), b, c, overflow, instruction_k));
    } else {
        std::vector<std::int64_t> numbers;
        for (const ElementBits bits : a.storage) numbers.push_back(number(a_type, bits));
        RC_ASSERT(reference_gemm(a, b, c, options) == wide_product(numbers, b, c, overflow, instruction_k));
    }
}

TEST(IntegerGemm, SaturatesOncePerInstruction) {
    // 2^31 - 2 + 5 - 6: exact within one instruction, clamped on the way between two.
    BitMatrix a(1, 64, s8);
    BitMatrix b(64, 1, s8);
    a.at(0, 0) = 5;
    a.at(0, 32) = 0xFA;
    b.at(0, 0) = b.at(32, 0) = 1;
    BitMatrix c(1, 1, s32);
    c.at(0, 0) = 0x7FFFFFFE;
    const auto product = [&](std::size_t instruction_k) {
        return reference_gemm(a, b, c, {.overflow = Overflow::saturate, .instruction_k = instruction_k}).at(0, 0);
    };
    EXPECT_EQ(product(64), 0x7FFFFFFDU);
    EXPECT_EQ(product(0), 0x7FFFFFFDU);
    EXPECT_EQ(product(32), 0x7FFFFFF9U);
    EXPECT_EQ(reference_gemm(a, b, c).at(0, 0), 0x7FFFFFFDU);
}

TEST(IntegerGemm, SaturatesAProductTooLongForTheVectorsPartialSums) {
    constexpr std::size_t k = 40000;
    BitMatrix a(1, k, u8);
    BitMatrix b(k, 2, u8);
    for (ElementBits& bits : a.storage) bits = 255;
    for (std::size_t i = 0; i < k; ++i) b.at(i, 0) = 255;
    const BitMatrix d = reference_gemm(a, b, BitMatrix(1, 2, s32), {.overflow = Overflow::saturate});
    EXPECT_EQ(d.at(0, 0), 0x7FFFFFFFU);
    EXPECT_EQ(d.at(0, 1), 0U);
}

RC_GTEST_PROP(BitGemm, CountsBitsOneByOne, ()) {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const auto k = *rc::gen::inRange<std::size_t>(1, 300);
    const BitOperation operation = *rc::gen::element(BitOperation::xor_popc, BitOperation::and_popc);
    const BitMatrix a = random_matrix(3, k, b1, Numbers::close, random);
    const BitMatrix b = random_matrix(k, 35, b1, Numbers::close, random);
    const BitMatrix c = sums_near_overflow(3, 35, random);
    BitMatrix expected = c;
    for (std::size_t i = 0; i < expected.storage.size(); ++i) {
        auto sum = static_cast<std::uint32_t>(c.storage[i]);
        for (std::size_t s = 0; s < k; ++s) {
            const bool left = a.at(i / 35, s) != 0;
            const bool right = b.at(s, i % 35) != 0;
            if (operation == BitOperation::xor_popc ? left != right : left && right) ++sum;
        }
        expected.storage[i] = sum;
    }
    RC_ASSERT(reference_gemm(a, b, c, {.bit_operation = operation}) == expected);
}

RC_GTEST_PROP(F64Gemm, IsAChainOfFusedMultiplyAddsInAscendingOrder, ()) {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const auto k = *rc::gen::inRange<std::size_t>(1, 200);
    const Numbers numbers = *rc::gen::elementOf(all_numbers);
    const BitMatrix a = random_matrix(2, k, f64, numbers, random);
    const BitMatrix b = random_matrix(k, 37, f64, numbers, random);
    const BitMatrix c = random_matrix(2, 37, f64, numbers, random);
    const BitMatrix d = reference_gemm(a, b, c);
    for (std::size_t i = 0; i < d.storage.size(); ++i) {
        auto sum = std::bit_cast<double>(c.storage[i]);
        for (std::size_t s = 0; s < k; ++s) {
            sum = std::fma(std::bit_cast<double>(a.at(i / 37, s)), std::bit_cast<double>(b.at(s, i % 37)), sum);
        }
        RC_ASSERT(d.storage[i] == (std::isnan(sum) ? 0xFFF8000000000000U : std::bit_cast<ElementBits>(sum)));
    }
}

TEST(ExactGemm, RefusesOptionsThatDoNotFit) {
    const BitMatrix a(4, 64, s8);
    const BitMatrix b(64, 5, u8);
    const BitMatrix c(4, 5, s32);
    const auto saturating = [](std::size_t instruction_k, std::size_t padded_k = 0) {
        return GemmOptions{.padded_k = padded_k, .overflow = Overflow::saturate, .instruction_k = instruction_k};
    };
    EXPECT_NO_THROW((void)reference_gemm(a, b, c, saturating(48)));
    EXPECT_THROW((void)reference_gemm(a, b, c, saturating(48, 64)), InputError);
    EXPECT_THROW((void)reference_gemm(a, b, c, {.bit_operation = BitOperation::and_popc}), InputError);
    EXPECT_THROW((void)reference_gemm(a, BitMatrix(64, 5, u4), c), InputError);
    EXPECT_THROW((void)reference_gemm(BitMatrix(4, 64, b1), BitMatrix(64, 5, b1), c), InputError);
    EXPECT_THROW(
        (void)reference_gemm(BitMatrix(4, 64, f16), BitMatrix(64, 5, f16), BitMatrix(4, 5, f32), saturating(0)),
        InputError);
    const std::vector<std::uint8_t> codes(std::size_t{4} * 32);
    EXPECT_THROW((void)reference_sparse_gemm(BitMatrix(4, 32, f64), codes, BitMatrix(64, 5, f64), BitMatrix(4, 5, f64)),
                 InputError);
    EXPECT_NO_THROW((void)reference_sparse_gemm(BitMatrix(4, 32, s8), codes, b, c));
    // 4-bit integers have a code for each pair.
    EXPECT_THROW((void)reference_sparse_gemm(BitMatrix(4, 32, s4), codes, BitMatrix(64, 5, u4), c), InputError);
    const std::vector<std::uint8_t> pair_codes(std::size_t{4} * 16, 3);
    EXPECT_NO_THROW((void)reference_sparse_gemm(BitMatrix(4, 32, s4), pair_codes, BitMatrix(64, 5, u4), c));
    EXPECT_THROW(
        (void)reference_sparse_gemm(BitMatrix(4, 32, s8), std::vector<std::uint8_t>(std::size_t{4} * 32, 4), b, c),
        InputError);
}

}  // namespace
}  // namespace stcsim::testing
