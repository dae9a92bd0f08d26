#include "numerics/vector_fused_dot.h"

#include "base/error.h"
#include "numerics/vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "numerics/vector_fused_dot.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace stcsim::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, narrow_panel_columns>;
using Integers = hn::RebindToSigned<Floats>;
template <std::size_t columns>
using Bytes = hn::CappedTag<std::int8_t, columns>;
using FloatVector = hn::Vec<Floats>;
using IntegerVector = hn::Vec<Integers>;

constexpr Floats floats;
constexpr Integers integers;
constexpr hn::Rebind<std::int8_t, Floats> exponents_of_floats;

constexpr int mantissa_bits = 23;
constexpr int bias = 127;
constexpr std::int32_t exponent_field = 0x7F800000;
constexpr std::int8_t lowest_exponent = -100;

/// The exponent field of 2^exponent.
constexpr std::int32_t field_of(int exponent) {
    return (exponent + bias) * (1 << mantissa_bits);
}

/// Cuts toward zero numbers that an int32 holds. Highway's ConvertTo also takes care of others, at twice the cost.
HWY_INLINE IntegerVector truncate(FloatVector x) {
#if HWY_TARGET == HWY_AVX2
    return IntegerVector{_mm256_cvttps_epi32(x.raw)};
#elif HWY_TARGET == HWY_SSE4
    return IntegerVector{_mm_cvttps_epi32(x.raw)};
#else
    return hn::ConvertTo(integers, x);
#endif
}

HWY_INLINE FloatVector float_of(IntegerVector bits) {
    return hn::BitCast(floats, bits);
}
HWY_INLINE IntegerVector bits_of(FloatVector x) {
    return hn::BitCast(integers, x);
}

/// For each column the largest exponent among a pass's products.
template <std::size_t columns, std::size_t pass_length>
HWY_INLINE void largest_exponents(const FusedPanelProduct& product, const std::int8_t* a, const std::uint32_t* b_rows,
                                  std::int8_t* largest) {
    constexpr Bytes<columns> bytes;
    for (std::size_t column = 0; column < columns; column += hn::Lanes(bytes)) {
        auto maximum = hn::Set(bytes, lowest_exponent);
        for (std::size_t i = 0; i < pass_length; ++i) {
            const auto b = hn::LoadU(bytes, product.b_exponents + b_rows[i] * columns + column);
            maximum = hn::Max(maximum, hn::SaturatedAdd(hn::Set(bytes, a[i]), b));
        }
        hn::StoreU(maximum, bytes, largest + column);
    }
}

/// How sums of one accumulator type take part in the alignment and are rounded.
struct F32Sums {
    static HWY_INLINE IntegerVector exponent_fields(FloatVector sums) {
        return hn::And(bits_of(sums), hn::Set(integers, exponent_field));
    }

    /// total x unit, cut toward zero to 24 bits.
    static HWY_INLINE FloatVector round(IntegerVector total, FloatVector unit) {
        const FloatVector nearest = hn::ConvertTo(floats, total);
        // Where the conversion rounded away from zero, the next number toward zero: one less in magnitude and bits.
        const auto away = hn::Gt(hn::Abs(truncate(nearest)), hn::Abs(total));
        const IntegerVector cut = hn::Add(bits_of(nearest), hn::VecFromMask(integers, away));
        return hn::Mul(float_of(cut), unit);
    }
};

struct F16Sums {
    static constexpr int minimum_exponent = -14;

    static HWY_INLINE IntegerVector exponent_fields(FloatVector sums) {
        const IntegerVector bits = hn::And(bits_of(sums), hn::Set(integers, exponent_field));
        const IntegerVector exponents = hn::Max(bits, hn::Set(integers, field_of(minimum_exponent)));
        return hn::IfThenElseZero(hn::Ne(bits, hn::Zero(integers)), exponents);
    }

    /// total x unit, rounded to the nearest f16, ties to even.
    static HWY_INLINE FloatVector round(IntegerVector total, FloatVector unit) {
        // Cut to 24 bits with the last one set if anything was lost: such an odd number lies on the same side of every
        // f16, and of the middle between two, as the exact one, so that rounding it rounds the exact one.
        const FloatVector nearest = hn::ConvertTo(floats, total);
        const IntegerVector back = truncate(nearest);
        const auto away = hn::Gt(hn::Abs(back), hn::Abs(total));
        const auto inexact = hn::Ne(back, total);
        const IntegerVector cut = hn::Add(bits_of(nearest), hn::VecFromMask(integers, away));
        const IntegerVector odd = hn::Or(cut, hn::IfThenElseZero(inexact, hn::Set(integers, 1)));
        const FloatVector exact = hn::Mul(float_of(odd), unit);
        // Adding 1.5 x 2^23 last places of the result makes the addition itself round to that place; the last place is
        // ten bits below the leading bit.
        const IntegerVector leading = hn::Max(hn::And(bits_of(exact), hn::Set(integers, exponent_field)),
                                              hn::Set(integers, field_of(minimum_exponent)));
        constexpr std::int32_t to_shifter = (mantissa_bits - 10) * (1 << mantissa_bits) + (1 << (mantissa_bits - 1));
        const FloatVector shifter = float_of(hn::Add(leading, hn::Set(integers, to_shifter)));
        const FloatVector rounded = hn::Sub(hn::Add(exact, shifter), shifter);
        const auto overflow = hn::Ge(hn::Abs(rounded), hn::Set(floats, 65536.0F));
        return hn::IfThenElse(overflow, hn::CopySign(hn::Set(floats, infinite_f16_sum), rounded), rounded);
    }
};

/// One pass for the columns of one vector.
template <typename Sums, std::size_t columns, std::size_t pass_length>
HWY_INLINE FloatVector add_pass(FloatVector sums, const std::int8_t* largest, const float* a, const float* b,
                                const std::uint32_t* b_rows) {
    const IntegerVector product_exponents = hn::PromoteTo(integers, hn::LoadU(exponents_of_floats, largest));
    const IntegerVector product_fields =
        hn::ShiftLeft<mantissa_bits>(hn::Add(product_exponents, hn::Set(integers, bias)));
    const IntegerVector fields = hn::Max(Sums::exponent_fields(sums), product_fields);
    // The value of one in the aligned sum, 2^(E - 24), and its reciprocal.
    const IntegerVector unit_bits = hn::Sub(fields, hn::Set(integers, 24 * (1 << mantissa_bits)));
    const FloatVector unit = float_of(unit_bits);
    const FloatVector scale = float_of(hn::Sub(hn::Set(integers, 2 * field_of(0)), unit_bits));
    IntegerVector total = truncate(hn::Mul(sums, scale));
    for (std::size_t i = 0; i < pass_length; ++i) {
        const FloatVector exact = hn::Mul(hn::Set(floats, a[i]), hn::LoadU(floats, b + b_rows[i] * columns));
        total = hn::Add(total, truncate(hn::Mul(exact, scale)));
    }
    return Sums::round(total, unit);
}

template <typename Sums, std::size_t columns, std::size_t pass_length>
void add_products(const FusedPanelProduct& product) {
    HWY_ALIGN std::int8_t largest[columns];
    for (std::size_t row = 0; row < product.rows; ++row) {
        float* sums = product.sums + row * product.sums_stride;
        for (std::size_t start = 0; start < product.length; start += pass_length) {
            const float* a = product.a_values + row * product.length + start;
            const std::uint32_t* b_rows = product.b_rows + row * product.b_rows_stride + start;
            largest_exponents<columns, pass_length>(product, product.a_exponents + row * product.length + start, b_rows,
                                                    largest);
            for (std::size_t column = 0; column < columns; column += hn::Lanes(floats)) {
                const FloatVector before = hn::LoadU(floats, sums + column);
                const FloatVector after = add_pass<Sums, columns, pass_length>(before, largest + column, a,
                                                                               product.b_values + column, b_rows);
                hn::StoreU(after, floats, sums + column);
            }
        }
    }
}

template <std::size_t columns>
void add_to_panel(ElementType accumulator, std::size_t pass_length, const FusedPanelProduct& product) {
    if (accumulator == ElementType::f16) {
        pass_length == 8 ? add_products<F16Sums, columns, 8>(product) : add_products<F16Sums, columns, 4>(product);
    } else {
        pass_length == 8 ? add_products<F32Sums, columns, 8>(product) : add_products<F32Sums, columns, 4>(product);
    }
}

void add_fused_products(ElementType accumulator, std::size_t pass_length, const FusedPanelProduct& product) {
    add_to_panel<panel_columns>(accumulator, pass_length, product);
}

void add_narrow_fused_products(ElementType accumulator, std::size_t pass_length, const FusedPanelProduct& product) {
    add_to_panel<narrow_panel_columns>(accumulator, pass_length, product);
}

}  // namespace stcsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stcsim {
namespace {
HWY_EXPORT(add_fused_products);
HWY_EXPORT(add_narrow_fused_products);
}  // namespace

void add_fused_products(ElementType accumulator, std::size_t pass_length, const FusedPanelProduct& product) {
    STCSIM_ASSERT((pass_length == 4 || pass_length == 8) && product.length % pass_length == 0);
    HWY_DYNAMIC_DISPATCH(add_fused_products)(accumulator, pass_length, product);
}

void add_narrow_fused_products(ElementType accumulator, std::size_t pass_length, const FusedPanelProduct& product) {
    STCSIM_ASSERT((pass_length == 4 || pass_length == 8) && product.length % pass_length == 0);
    HWY_DYNAMIC_DISPATCH(add_narrow_fused_products)(accumulator, pass_length, product);
}

}  // namespace stcsim
#endif
