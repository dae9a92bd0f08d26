/// Products added one by one for many columns of B at once: the fast path of f64, integer and bit GEMMs. Compiled for
/// several instruction sets; the best one that the machine has is chosen at run time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "numerics/arithmetic.h"
#include "numerics/vector_fused_dot.h"

namespace stcsim {

/// A block of `rows` rows of `length` stored elements of A, and the panel of B it is multiplied with. Element i of a
/// row is multiplied with row `b_rows[row * b_rows_stride + i]` of the panel.
template <typename Value>
struct PanelProduct {
    std::size_t rows;
    std::size_t length;
    const Value* a;
    const std::uint32_t* b_rows;
    std::size_t b_rows_stride;
    const Value* b;  ///< [row][panel_columns]
    Value* sums;     ///< [row][panel_columns], rows `sums_stride` apart
    std::size_t sums_stride;
};

/// Fused multiply-adds in the order of the elements, each rounded to nearest even. The bits of a NaN are any NaN's.
void add_products(const PanelProduct<double>& product);

/// Two's complement, wrapped around.
void add_products(const PanelProduct<std::uint32_t>& product);

/// Products of 8 bits each way sum to less than 2^31 below this number of them.
inline constexpr std::size_t saturating_length_limit = std::size_t{1} << 15U;

/// Two's complement; each sum is clamped to the range of s32 after every `instruction_length` elements, which divide
/// the length and are below saturating_length_limit. Factors are of at most 8 bits.
void add_products_saturating(const PanelProduct<std::uint32_t>& product, std::size_t instruction_length);

/// The elements are words of 32 bits; the number of bits set in a xor b or a and b is added, wrapped around.
void add_bit_counts(const PanelProduct<std::uint32_t>& product, BitOperation operation);

}  // namespace stcsim
