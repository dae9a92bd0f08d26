#include "run/operands.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "isa/metadata_layout.h"
#include "kernel/gemm_work.h"
#include "numerics/float_format.h"
#include "numerics/output_conversion.h"
#include "numerics/reference_gemm.h"
#include "numerics/sparse_pattern.h"

namespace stcsim {
namespace {

/// Bits that read as NaN in every float type: an element nobody wrote never passes the comparison by chance. (Of
/// integers it is -1, which a wrong sum rarely is.)
constexpr std::byte unwritten{0xFF};

BitMatrix random_matrix(std::size_t rows, std::size_t columns, ElementType type, std::mt19937_64& random) {
    BitMatrix matrix(rows, columns, type);
    for (ElementBits& element : matrix.storage) {
        // Integers of all values; floats uniform in (-2, 2), scaled down by up to 2^7. From the raw bits of the engine:
        // the same on every platform.
        const std::uint64_t bits = random();
        if (!is_float(type)) {
            element = bits >> 32U & ((ElementBits{1} << bits_of(type)) - 1);
            continue;
        }
        const double magnitude = static_cast<double>(bits >> 12U & 0xFFFFFU) / static_cast<double>(1U << 19U);
        const double scaled = magnitude / static_cast<double>(1U << (bits & 7U));
        element = from_double(type, (bits >> 8U & 1U) != 0 ? -scaled : scaled);
    }
    return matrix;
}

void append_element(std::vector<std::byte>& bytes, std::size_t& at, ElementBits value, std::uint32_t width) {
    std::memcpy(&bytes[at], &value, width);
    at += width;
}

std::vector<std::uint8_t> padded_codes(const CompressedMatrix& compressed, std::size_t rows, std::size_t stored_k) {
    std::vector<std::uint8_t> codes(rows * stored_k);
    const std::uint32_t per_group = sparse_pattern_of(compressed.values.type).codes();
    for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint8_t>(i % per_group);
    for (std::size_t row = 0; row < compressed.values.rows; ++row) {
        for (std::size_t i = 0; i < compressed.values.columns; ++i) {
            codes[row * stored_k + i] = compressed.codes[row * compressed.values.columns + i];
        }
    }
    return codes;
}

/// Rows and columns of the kernel's product.
struct ProductBlock {
    std::size_t first_row, rows;
    std::size_t first_column, columns;
};

/// Compares a block of the stored product of one batch element with the reference, which has D's type.
void compare_product(const GemmPlan& plan, const BitMatrix& reference, const ProductBlock& block,
                     std::span<const std::byte> d, std::size_t batch, Verification& verification) {
    const std::uint32_t element_bytes = bits_of(plan.problem().output) / 8;
    for (std::size_t i = 0; i < reference.rows; ++i) {
        for (std::size_t j = 0; j < reference.columns; ++j) {
            const std::size_t m = plan.transposed() ? block.first_column + j : block.first_row + i;
            const std::size_t n = plan.transposed() ? block.first_row + i : block.first_column + j;
            const auto expected = static_cast<std::uint32_t>(reference.at(i, j));
            std::uint32_t found = 0;
            std::memcpy(&found, &d[(m * plan.problem().n + n) * element_bytes], element_bytes);
            ++verification.elements;
            if (found == expected || verification.mismatches++ > 0) continue;
            verification.first_mismatch =
                fmt::format("batch {}, row {}, column {}: found {:#x}, expected {:#x}", batch, m, n, found, expected);
        }
    }
}

BitMatrix block_of(const BitMatrix& matrix, std::size_t first_row, std::size_t rows, std::size_t first_column,
                   std::size_t columns) {
    BitMatrix block(rows, columns, matrix.type);
    for (std::size_t i = 0; i < rows; ++i) {
        const auto row =
            matrix.storage.begin() + static_cast<std::ptrdiff_t>((first_row + i) * matrix.columns + first_column);
        std::copy_n(row, columns, block.storage.begin() + static_cast<std::ptrdiff_t>(i * columns));
    }
    return block;
}

/// A block of the product over some k-tiles, from zero, in the accumulator's type.
BitMatrix reference_block(const GemmPlan& plan, const OperandMatrices& operands, const ProductBlock& block,
                          const KSlice& slice) {
    const std::size_t first_k = slice.first * plan.tile_k();
    const std::size_t padded_k = slice.count * plan.tile_k();
    const std::size_t k = std::min<std::size_t>(padded_k, plan.problem().k - first_k);
    const GemmOptions options{.padded_k = padded_k};
    const BitMatrix zero(block.rows, block.columns, plan.problem().accumulator);
    const BitMatrix b = block_of(operands.b, first_k, k, block.first_column, block.columns);
    if (!plan.sparse()) {
        return reference_gemm(block_of(operands.a, block.first_row, block.rows, first_k, k), b, zero, options);
    }
    const CompressedMatrix& compressed = operands.compressed;
    std::vector<std::uint8_t> codes;
    for (std::size_t row = block.first_row; row < block.first_row + block.rows; ++row) {
        const auto first =
            compressed.codes.begin() + static_cast<std::ptrdiff_t>(row * compressed.values.columns + first_k / 2);
        codes.insert(codes.end(), first, first + static_cast<std::ptrdiff_t>(k / 2));
    }
    return reference_sparse_gemm(block_of(compressed.values, block.first_row, block.rows, first_k / 2, k / 2), codes, b,
                                 zero, options);
}

/// Element by element.
template <typename Operation>
void transform(BitMatrix& to, const BitMatrix& from, Operation operation) {
    std::ranges::transform(to.storage, from.storage, to.storage.begin(), operation);
}

/// A block of D, in D's type: the sums over `slices`, added in their order. Between slices serial split-K keeps them in
/// D's type; others in the accumulator's.
BitMatrix reference_of(const GemmPlan& plan, const OperandMatrices& operands, const ProductBlock& block,
                       std::span<const KSlice> slices) {
    const ElementType accumulator = plan.problem().accumulator;
    const ElementType output = plan.problem().output;
    const auto stored = [&](const BitMatrix& sums) {
        BitMatrix d(sums.rows, sums.columns, output);
        transform(d, sums, [&](ElementBits, ElementBits sum) { return stored_element(accumulator, output, sum); });
        return d;
    };
    BitMatrix sums = reference_block(plan, operands, block, slices[0]);
    for (const KSlice& slice : slices.subspan(1)) {
        BitMatrix more = reference_block(plan, operands, block, slice);
        const auto add = [&](ElementBits one, ElementBits other) {
            return added_elements(accumulator, static_cast<std::uint32_t>(one), static_cast<std::uint32_t>(other));
        };
        if (plan.serial()) {
            transform(more, stored(sums), [&](ElementBits sum, ElementBits before) {
                return add(sum, stored_element(output, accumulator, before));
            });
            sums = std::move(more);
        } else {
            transform(sums, more, add);
        }
    }
    return stored(sums);
}

}  // namespace

std::vector<OperandMatrices> generate_operands(const GemmPlan& plan, std::uint64_t seed) {
    const GemmProblem& problem = plan.problem();
    std::mt19937_64 random(seed);
    std::vector<OperandMatrices> operands(problem.batch);
    for (OperandMatrices& one : operands) {
        one.a = random_matrix(plan.rows(), problem.k, problem.input, random);
        one.b = random_matrix(problem.k, plan.columns(), problem.input, random);
        if (plan.sparse()) {
            one.a = prune(one.a);
            one.compressed = compress(one.a);
        }
    }
    return operands;
}

void place_operands(const GemmPlan& plan, const std::vector<OperandMatrices>& operands, GlobalValues& memory) {
    const std::uint32_t width = bits_of(plan.problem().input) / 8;
    std::vector<std::byte> a(plan.a_bytes() * operands.size());
    std::vector<std::byte> b(plan.b_bytes() * operands.size());
    std::vector<std::byte> e(plan.e_bytes() * operands.size());
    std::size_t a_at = 0;
    std::size_t b_at = 0;
    for (std::size_t i = 0; i < operands.size(); ++i) {
        const BitMatrix& stored = plan.sparse() ? operands[i].compressed.values : operands[i].a;
        for (const ElementBits element : stored.storage) append_element(a, a_at, element, width);
        for (std::size_t column = 0; column < operands[i].b.columns; ++column) {
            for (std::size_t k = 0; k < operands[i].b.rows; ++k)
                append_element(b, b_at, operands[i].b.at(k, column), width);
        }
        if (!plan.sparse()) continue;
        const std::size_t rows = plan.tile_rows() * plan.kernel().tile_m;
        const std::size_t stored_k = plan.padded_k() / 2;
        const std::vector<std::uint32_t> words = reorder_metadata(
            plan.problem().input, padded_codes(operands[i].compressed, rows, stored_k), rows, stored_k);
        STCSIM_ASSERT(words.size() * sizeof(std::uint32_t) == plan.e_bytes());
        std::memcpy(&e[i * plan.e_bytes()], words.data(), plan.e_bytes());
    }
    memory.allocate(plan.addresses().a, std::move(a));
    memory.allocate(plan.addresses().b, std::move(b));
    if (plan.sparse()) memory.allocate(plan.addresses().e, std::move(e));
    const auto allocate_unwritten = [&](std::uint64_t address, std::uint64_t bytes) {
        memory.allocate(address, std::vector<std::byte>(bytes, unwritten));
    };
    const std::uint64_t partial_products = plan.split() ? plan.slices() : 1;
    allocate_unwritten(plan.addresses().d, plan.d_bytes() * partial_products * operands.size());
    if (plan.split()) allocate_unwritten(plan.addresses().result, plan.result_bytes() * operands.size());
    if (plan.waits()) allocate_unwritten(plan.addresses().semaphores, plan.semaphores() * semaphore_bytes);
    if (plan.stream_k()) {
        allocate_unwritten(plan.addresses().workspace, plan.multiplying_ctas() * plan.workspace_bytes());
    }
}

Verification verify_result(const GemmPlan& plan, const std::vector<OperandMatrices>& operands,
                           const GlobalValues& memory) {
    const std::span<const std::byte> d = memory.allocation(plan.addresses().result);
    const std::uint64_t d_bytes = plan.result_bytes();
    Verification verification;
    if (!plan.split() && !plan.waits()) {
        const ProductBlock whole{.first_row = 0, .rows = plan.rows(), .first_column = 0, .columns = plan.columns()};
        const std::array slices{KSlice{.first = 0, .count = plan.k_tiles()}};
        for (std::size_t i = 0; i < operands.size(); ++i) {
            compare_product(plan, reference_of(plan, operands[i], whole, slices), whole,
                            d.subspan(i * d_bytes, d_bytes), i, verification);
        }
        return verification;
    }
    for (std::uint64_t number = 0; number < plan.tiles(); ++number) {
        const TileCoordinate tile = plan.tile_at(number);
        const std::size_t first_row = tile.row * plan.kernel().tile_m;
        const std::size_t first_column = tile.column * plan.kernel().tile_n;
        const ProductBlock block{.first_row = first_row,
                                 .rows = std::min<std::size_t>(plan.kernel().tile_m, plan.rows() - first_row),
                                 .first_column = first_column,
                                 .columns = std::min<std::size_t>(plan.kernel().tile_n, plan.columns() - first_column)};
        compare_product(plan, reference_of(plan, operands[tile.batch], block, sums_of_tile(plan, number)), block,
                        d.subspan(tile.batch * d_bytes, d_bytes), tile.batch, verification);
    }
    return verification;
}

}  // namespace stcsim
