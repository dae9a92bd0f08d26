/// D as a kernel with a given accumulation order computes it, to the bit.
#pragma once

#include <cstdint>
#include <span>

#include "check/accumulation_order.h"
#include "check/gemm_dump.h"
#include "numerics/bit_matrix.h"

namespace stcsim {

/// Some rows of A with all or some columns of B. Refers to matrices, which outlive it.
struct ProductOperands {
    const BitMatrix& a;
    std::span<const std::uint8_t> codes;  ///< of a structured-sparse A
    const BitMatrix& b;
    const BitMatrix* c;  ///< or none
};

/// Whether the order's unit can compute these operands: mma.sp needs an A that is structured-sparse, in this form or
/// as a dense matrix that meets the pattern of its type.
bool is_computable(const ProductOperands& operands, const AccumulationOrder& order);

/// D, of types.output. The order is one that is computable, or an invariant breaks.
BitMatrix ordered_product(const ProductOperands& operands, const ProductTypes& types, const AccumulationOrder& order);

}  // namespace stcsim
