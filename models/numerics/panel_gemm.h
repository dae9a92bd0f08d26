/// The fast path of matrix products: blocks of A against panels of B, by the vector kernels.
#pragma once

#include "numerics/bit_matrix.h"
#include "numerics/gemm_operands.h"

namespace stcsim {

/// D, equal to plain_gemm's to the bit. Sums of f16, bf16 and tf32 that numbers beyond the moderate ones take part in
/// (vector_fused_dot.h) are computed plainly while they are few, otherwise all of D comes from wide_gemm.
BitMatrix panel_gemm(const GemmOperands& operands);

}  // namespace stcsim
