/// Operands of single instructions of every type, and what the numerics make of them.
#pragma once

#include <bit>
#include <random>
#include <utility>
#include <vector>

#include "isa/mma_instruction.h"
#include "numerics/bit_matrix.h"
#include "numerics/float_format.h"
#include "numerics/reference_gemm.h"
#include "numerics/sparse_pattern.h"

namespace stcsim::testing {

/// The operands of one instruction as matrices.
struct MmaOperands {
    BitMatrix a, b, c;
    std::vector<std::uint8_t> codes;  ///< mma.sp
};

/// Floats of moderate size, so that every product counts in the sum; any integer operand but zero; half of the s32 near
/// the ends of their range.
inline ElementBits random_element(ElementType type, std::mt19937_64& random) {
    std::normal_distribution<double> normal(0, 2);
    if (is_float(type)) return from_double(type, normal(random));
    if (type == ElementType::f64) return std::bit_cast<ElementBits>(normal(random));
    if (type == ElementType::b1) return random() & 1U;
    if (type == ElementType::s32) {
        const std::uint64_t bits = random();
        const auto near = static_cast<std::uint32_t>(bits >> 32U & 0x3FFU);
        if ((bits & 1U) == 0) return static_cast<std::uint32_t>(bits >> 32U);
        return (bits & 2U) == 0 ? 0x7FFFFFFFU - near : 0x80000000U + near;
    }
    return 1 + random() % ((ElementBits{1} << bits_of(type)) - 1);
}

inline BitMatrix random_matrix(std::size_t rows, std::size_t columns, ElementType type, std::mt19937_64& random) {
    BitMatrix matrix(rows, columns, type);
    for (ElementBits& element : matrix.storage) element = random_element(type, random);
    return matrix;
}

/// Codes that the instruction allows: ascending or in any order, as it says.
inline std::vector<std::uint8_t> random_codes(const MmaInstruction& instruction, std::mt19937_64& random) {
    const SparsePattern pattern = sparse_pattern_of(instruction.a);
    std::vector<std::uint8_t> codes;
    while (codes.size() < std::size_t{instruction.shape.m} * instruction.stored_k() / pattern.unit) {
        auto first = static_cast<std::uint8_t>(random() % pattern.positions());
        if (pattern.codes() == 1) {
            codes.push_back(first);
            continue;
        }
        auto second = static_cast<std::uint8_t>((first + 1 + random() % 3) % 4);
        if (instruction.metadata_order == CodeOrder::ascending && first > second) std::swap(first, second);
        codes.push_back(first);
        codes.push_back(second);
    }
    return codes;
}

inline MmaOperands random_operands(const MmaInstruction& instruction, std::mt19937_64& random) {
    const auto [m, n, k] = instruction.shape;
    MmaOperands operands{random_matrix(m, instruction.stored_k(), instruction.a, random),
                         random_matrix(k, n, instruction.b, random),
                         random_matrix(m, n, instruction.c, random),
                         {}};
    if (instruction.sparse) operands.codes = random_codes(instruction, random);
    return operands;
}

/// D by the numerics alone, as a whole-matrix product.
inline BitMatrix reference(const MmaInstruction& instruction, const MmaOperands& operands) {
    const GemmOptions options{.overflow = instruction.overflow,
                              .bit_operation = instruction.bit_operation,
                              .instruction_k = instruction.shape.k};
    return instruction.sparse ? reference_sparse_gemm(operands.a, operands.codes, operands.b, operands.c, options)
                              : reference_gemm(operands.a, operands.b, operands.c, options);
}

}  // namespace stcsim::testing
