/// The fused dot product of fused_dot_add.h for many columns of B at once, in 32-bit lanes: the fast path of GEMMs
/// whose numbers are moderate. Compiled for several instruction sets; the best one that the machine has is chosen at
/// run time.
///
/// A number is *moderate* if it is zero or its exponent lies within ±40 (an addend's within ±80), which holds for every
/// finite f16. Why 32-bit lanes give the same bits for moderate numbers:
///  - a product of two significands of 11 bits has 22, and its exponent lies within ±82: exact in an f32;
///  - scaled by 2^(24 - E), E the largest exponent, a term's integer part is what survives the alignment. The scaling
///  is
///    exact, or its result lies below 1; conversion to an integer cuts toward zero, as the alignment does;
///  - a product is below 4 x 2^24 when scaled and an addend below 2 x 2^24, so that nine terms sum to less than 2^30;
///  - exponents are compared in 8 bits. Zero has the exponent -128: with a factor's, at most 40, it stays below -88,
///    where no product of non-zeros is. A floor of -100 keeps the scale an f32. It can only act on a pass without
///    products and only shifts the addend, a multiple of 2^-104 as every sum of moderate terms, by what leaves it
///    whole.
#pragma once

#include <cstddef>
#include <cstdint>

#include "numerics/element_type.h"

namespace stcsim {

/// Columns of B, and of sums, in one panel.
inline constexpr std::size_t panel_columns = 32;
/// Of a panel that is the B of one instruction.
inline constexpr std::size_t narrow_panel_columns = 8;

/// Largest absolute exponent of a moderate factor.
inline constexpr int moderate_exponent = 40;
/// Of a moderate addend.
inline constexpr int moderate_addend_exponent = 80;

/// A moderate factor: its value and the exponent it has in its own format.
struct ModerateFactor {
    static constexpr std::int8_t exponent_of_zero = -128;

    float value = 0.0F;
    std::int8_t exponent = exponent_of_zero;
};

/// f16 sums are held as floats; one of this magnitude is infinite. No f16 product reaches it, so that it absorbs all
/// later passes as infinity does.
inline constexpr float infinite_f16_sum = 0x1p60F;

/// A block of `rows` rows of `length` stored elements of A, and the panel of B it is multiplied with. Element i of a
/// row is multiplied with row `b_rows[row * b_rows_stride + i]` of the panel.
struct FusedPanelProduct {
    std::size_t rows;
    std::size_t length;
    const float* a_values;
    const std::int8_t* a_exponents;
    const std::uint32_t* b_rows;
    std::size_t b_rows_stride;
    const float* b_values;  ///< [row][panel_columns]
    const std::int8_t* b_exponents;
    float* sums;  ///< [row][panel_columns], rows `sums_stride` apart
    std::size_t sums_stride;
};

/// Adds the products to the sums in passes of `pass_length` (4 or 8, dividing the length); `accumulator` is f32 or f16.
void add_fused_products(ElementType accumulator, std::size_t pass_length, const FusedPanelProduct& product);
/// The same with panels of narrow_panel_columns.
void add_narrow_fused_products(ElementType accumulator, std::size_t pass_length, const FusedPanelProduct& product);

/// Factors of raw elements of `type` (f16, bf16, tf32), 16 or 32 bits each, one after the other; of these there is a
/// multiple of narrow_panel_columns. False if some are not moderate: their values mean nothing then.
bool decode_factors(ElementType type, const std::uint8_t* raw, std::size_t count, float* values,
                    std::int8_t* exponents);

}  // namespace stcsim
