/// Bit-exact matrix products, fast enough to check whole simulated GEMMs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "numerics/bit_matrix.h"

namespace stcsim {

/// D[m,n] = A[m,k] x B[k,n] + C[m,n] as the tensor core computes it: each element of D is a chain of fused dot products
/// (fused_dot_add.h) over k in ascending order, pass_length_of(type) elements at a time, starting from C. D has C's
/// type.
///
/// k is padded with zeros up to `padded_k`, a multiple of the pass length; 0 means the next multiple of it. A kernel
/// runs whole instructions, and their padded passes are not without effect: they turn -0 into +0 and cut what C holds.
///
/// Throws InputError if the shapes or types do not fit together, or `padded_k` is too small or no multiple.
BitMatrix reference_gemm(const BitMatrix& a, const BitMatrix& b, const BitMatrix& c, std::size_t padded_k = 0);

/// The same with a structured-sparse A (sparse_pattern.h): `a_values` is m x k/2, the kept values in storage order, and
/// `a_codes` of the same shape their positions in the group (0..3 of four; tf32: 0..1 of two). A pass takes
/// pass_length_of(type) kept values, so it covers twice as much of k; `padded_k`, in logical elements, is a multiple of
/// that. That mma.sp sums the kept values as a dense instruction sums its values is assumed (no measurement of its
/// rounding is published).
BitMatrix reference_sparse_gemm(const BitMatrix& a_values, std::span<const std::uint8_t> a_codes, const BitMatrix& b,
                                const BitMatrix& c, std::size_t padded_k = 0);

}  // namespace stcsim
