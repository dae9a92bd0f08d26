#include "run/operands.h"

#include <cstring>
#include <random>
#include <span>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "isa/metadata_layout.h"
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

/// Compares the stored product of one batch element with the reference.
void compare_product(const GemmPlan& plan, const BitMatrix& reference, std::span<const std::byte> d, std::size_t batch,
                     Verification& verification) {
    const GemmProblem& problem = plan.problem();
    for (std::size_t row = 0; row < reference.rows; ++row) {
        for (std::size_t column = 0; column < reference.columns; ++column) {
            const std::uint32_t expected =
                stored_element(problem.accumulator, problem.output, reference.at(row, column));
            std::uint32_t found = 0;
            std::memcpy(&found, &d[plan.d_offset(row, column)], plan.output_bytes());
            ++verification.elements;
            if (found == expected || verification.mismatches++ > 0) continue;
            verification.first_mismatch =
                fmt::format("batch {}, row {}, column {}: found {:#x}, expected {:#x}", batch,
                            plan.transposed() ? column : row, plan.transposed() ? row : column, found, expected);
        }
    }
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
    memory.allocate(plan.addresses().d, std::vector<std::byte>(plan.d_bytes() * operands.size(), unwritten));
}

Verification verify_result(const GemmPlan& plan, const std::vector<OperandMatrices>& operands,
                           const GlobalValues& memory) {
    const GemmProblem& problem = plan.problem();
    const std::span<const std::byte> d = memory.allocation(plan.addresses().d);
    const BitMatrix zero(plan.rows(), plan.columns(), problem.accumulator);
    Verification verification;
    for (std::size_t i = 0; i < operands.size(); ++i) {
        const OperandMatrices& one = operands[i];
        const GemmOptions options{.padded_k = plan.padded_k()};
        const BitMatrix reference =
            plan.sparse() ? reference_sparse_gemm(one.compressed.values, one.compressed.codes, one.b, zero, options)
                          : reference_gemm(one.a, one.b, zero, options);
        compare_product(plan, reference, d.subspan(i * plan.d_bytes(), plan.d_bytes()), i, verification);
    }
    return verification;
}

}  // namespace stcsim
