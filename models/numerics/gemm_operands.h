/// The operands of a matrix product, checked against each other: what reference_gemm.h hands to its implementations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "numerics/arithmetic.h"
#include "numerics/bit_matrix.h"
#include "numerics/reference_gemm.h"
#include "numerics/sparse_pattern.h"

namespace stcsim {

/// D = A x B + C. Refers to the matrices, which outlive it.
struct GemmOperands {
    Arithmetic arithmetic;
    const BitMatrix& a;                   ///< m x stored k
    std::span<const std::uint8_t> codes;  ///< of a sparse A; empty for a dense one
    SparsePattern pattern;                ///< {1, 1, 1} for a dense A
    const BitMatrix& b;
    const BitMatrix& c;
    std::size_t padded_stored;  ///< elements of a row of A with the zeros that pad it
    std::size_t step;           ///< of these, how many one call of dot_add takes: a pass, or what is clamped at once

    /// The row of B that stored element s of this row of A is multiplied with; s is below A's columns.
    [[nodiscard]] std::size_t partner(std::size_t row, std::size_t s) const {
        if (codes.empty()) return s;
        const std::size_t code = codes[(row * a.columns + s) / pattern.unit];
        return s / pattern.kept * pattern.group + code * pattern.unit + s % pattern.unit;
    }
};

/// Checks a dense product. Throws InputError as reference_gemm does.
GemmOperands dense_operands(const BitMatrix& a, const BitMatrix& b, const BitMatrix& c, const GemmOptions& options);

/// Checks a product with a sparse A. Throws InputError as reference_sparse_gemm does.
GemmOperands sparse_operands(const BitMatrix& a_values, std::span<const std::uint8_t> a_codes, const BitMatrix& b,
                             const BitMatrix& c, const GemmOptions& options);

}  // namespace stcsim
