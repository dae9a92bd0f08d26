/// The definition of a matrix product: chains of dot_add, element by element. Slow; the fast paths are proven equal to
/// it.
#pragma once

#include <cstddef>

#include "numerics/bit_matrix.h"
#include "numerics/gemm_operands.h"

namespace stcsim {

/// One element of D.
ElementBits plain_element(const GemmOperands& operands, std::size_t row, std::size_t column);

/// All of D.
BitMatrix plain_gemm(const GemmOperands& operands);

}  // namespace stcsim
