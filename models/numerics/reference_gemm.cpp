#include "numerics/reference_gemm.h"

#include "numerics/gemm_operands.h"
#include "numerics/panel_gemm.h"

namespace stcsim {

BitMatrix reference_gemm(const BitMatrix& a, const BitMatrix& b, const BitMatrix& c, const GemmOptions& options) {
    return panel_gemm(dense_operands(a, b, c, options));
}

BitMatrix reference_sparse_gemm(const BitMatrix& a_values, std::span<const std::uint8_t> a_codes, const BitMatrix& b,
                                const BitMatrix& c, const GemmOptions& options) {
    return panel_gemm(sparse_operands(a_values, a_codes, b, c, options));
}

}  // namespace stcsim
