/// Bit-exact matrix products of every type the tensor core has, fast enough to check whole simulated GEMMs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "numerics/arithmetic.h"
#include "numerics/bit_matrix.h"

namespace stcsim {

/// How a product is computed, beside the types of its matrices.
struct GemmOptions {
    /// k is padded with zeros up to this; 0 means the next multiple of what one pass covers. A kernel runs whole
    /// instructions, and their padded passes are not without effect: they turn -0 into +0 and cut what C holds.
    std::size_t padded_k = 0;
    Overflow overflow = Overflow::wrap;
    BitOperation bit_operation = BitOperation::none;
    /// k of one instruction: with Overflow::saturate sums are clamped once per instruction (assumed, see dot_add.h) and
    /// the padded k is a multiple of it; otherwise it means nothing. 0 is one instruction for the whole padded k.
    std::size_t instruction_k = 0;
};

/// D[m,n] = A[m,k] x B[k,n] + C[m,n] as the tensor core computes it: each element of D is a chain of passes (dot_add.h)
/// over k in ascending order, pass_length_of(type) elements at a time, starting from C. D has C's type.
///
/// Throws InputError if the shapes, types and options do not fit together.
BitMatrix reference_gemm(const BitMatrix& a, const BitMatrix& b, const BitMatrix& c, const GemmOptions& options = {});

/// The same with a structured-sparse A (sparse_pattern.h): `a_values` is m x k/2, the kept values in storage order, and
/// `a_codes` holds the positions of the kept units in their groups, in the same order: 0..3 for each value of the 2:4
/// types, 0..1 of tf32, 0..3 for each pair of 4-bit integers. f64 and b1 have no sparse instruction. A pass takes
/// pass_length_of(type) kept values, so it covers twice as much of k. That mma.sp sums the kept values as a dense
/// instruction sums its values is assumed (no measurement of its rounding is published).
BitMatrix reference_sparse_gemm(const BitMatrix& a_values, std::span<const std::uint8_t> a_codes, const BitMatrix& b,
                                const BitMatrix& c, const GemmOptions& options = {});

}  // namespace stcsim
