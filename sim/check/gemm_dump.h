/// What a kernel was given and what it wrote, as bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "numerics/arithmetic.h"
#include "numerics/bit_matrix.h"
#include "numerics/sparse_pattern.h"

namespace stcsim {

/// How a product is computed and stored, beside its operands and the order of its sums.
struct ProductTypes {
    ElementType accumulator = ElementType::f32;
    ElementType output = ElementType::f32;  ///< of D
    Overflow overflow = Overflow::wrap;
    double alpha = 1;
    double beta = 0;

    bool operator==(const ProductTypes&) const = default;
};

/// D = alpha A x B + beta C. tf32 operands keep all 32 bits of the f32 they were.
struct GemmDump {
    BitMatrix a;                      ///< m x k, or the kept values, m x stored k
    std::vector<std::uint8_t> codes;  ///< of the kept units of a structured-sparse A (numerics/sparse_pattern.h)
    BitMatrix b;                      ///< k x n
    std::optional<BitMatrix> c;       ///< m x n, of any type that converts to the accumulator's
    BitMatrix d;                      ///< m x n
    ProductTypes types;

    [[nodiscard]] bool sparse() const { return !codes.empty(); }
    /// Which of A's elements are stored: {1, 1, 1} for a dense A.
    [[nodiscard]] SparsePattern pattern() const {
        return sparse() ? sparse_pattern_of(a.type) : SparsePattern{1, 1, 1};
    }
    [[nodiscard]] std::size_t m() const { return d.rows; }
    [[nodiscard]] std::size_t n() const { return d.columns; }
    [[nodiscard]] std::size_t k() const { return b.rows; }
};

}  // namespace stcsim
