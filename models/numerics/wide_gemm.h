/// The matrix product of f16, bf16 and tf32 for any finite numbers, however far apart their exponents, in double
/// arithmetic (fused_dot_panel.h): a few times slower than panel_gemm.h, several times faster than plain_gemm.h.
#pragma once

#include "numerics/bit_matrix.h"
#include "numerics/gemm_operands.h"

namespace stcsim {

/// D; elements that infinities or NaNs take part in are computed plainly. Operands of other types break an invariant.
BitMatrix wide_gemm(const GemmOperands& operands);

}  // namespace stcsim
