/// One matrix product of a workload.
#pragma once

#include <cstdint>
#include <string>

#include "numerics/element_type.h"

namespace stcsim {

/// How operand A, or B (SparseOperand), is stored.
enum class Sparsity : std::uint8_t {
    dense,
    two_four,  ///< 2:4 along k, values compressed to half, 2-bit metadata; written "2:4"
};

/// Which operand a 2:4 problem keeps compressed. Only the first operand of mma.sp can be sparse: for b, a kernel
/// computes the transposed product, D^T = B^T A^T, and still stores D row by row.
enum class SparseOperand : std::uint8_t { a, b };

/// D[m,n] = A[m,k] x B[k,n], `batch` times with different operands, the whole `count` times in the workload.
struct GemmProblem {
    std::string name;
    std::uint64_t m = 0;
    std::uint64_t n = 0;
    std::uint64_t k = 0;
    std::uint64_t batch = 1;
    ElementType input = ElementType::f16;  ///< of A and B
    ElementType accumulator = ElementType::f32;
    ElementType output = ElementType::f16;  ///< of D as stored: the input type unless asked otherwise
    Sparsity sparsity = Sparsity::dense;
    SparseOperand sparse_operand = SparseOperand::a;  ///< of no consequence if dense
    std::uint64_t count = 1;

    /// Dense-equivalent fused multiply-adds of one execution: m * n * k * batch.
    [[nodiscard]] double fused_multiply_adds() const {
        return static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) * static_cast<double>(batch);
    }
};

}  // namespace stcsim
