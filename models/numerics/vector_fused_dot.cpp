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

/// Elements of `type` in 32-bit lanes.
template <ElementType type>
HWY_INLINE IntegerVector raw_elements(const std::uint8_t* raw, std::size_t first) {
    if constexpr (type == ElementType::tf32) {
        return hn::LoadU(integers, reinterpret_cast<const std::int32_t*>(raw) + first);
    } else {
        constexpr hn::Rebind<std::uint16_t, Floats> halves;
        return hn::PromoteTo(integers, hn::LoadU(halves, reinterpret_cast<const std::uint16_t*>(raw) + first));
    }
}

template <ElementType type>
HWY_INLINE FloatVector values_of(IntegerVector raw) {
    if constexpr (type == ElementType::f16) {
        // In f32's fields the number is 2^112 times too small, the difference of the biases.
        const IntegerVector magnitude = hn::ShiftLeft<13>(hn::And(raw, hn::Set(integers, 0x7FFF)));
        const IntegerVector sign = hn::ShiftLeft<16>(hn::And(raw, hn::Set(integers, 0x8000)));
        return float_of(hn::Or(bits_of(hn::Mul(float_of(magnitude), hn::Set(floats, 0x1p112F))), sign));
    } else if constexpr (type == ElementType::bf16) {
        return float_of(hn::ShiftLeft<16>(raw));
    } else {
        return float_of(hn::And(raw, hn::Set(integers, ~0x1FFF)));
    }
}

template <ElementType type>
bool decode_elements(const std::uint8_t* raw, std::size_t count, float* values, std::int8_t* exponents) {
    constexpr int lowest = type == ElementType::f16 ? -14 : -bias;
    constexpr int limit = type == ElementType::f16 ? 15 : moderate_exponent;
    IntegerVector immoderate = hn::Zero(integers);
    for (std::size_t i = 0; i < count; i += hn::Lanes(floats)) {
        const FloatVector value = values_of<type>(raw_elements<type>(raw, i));
        const IntegerVector magnitude = hn::And(bits_of(value), hn::Set(integers, 0x7FFFFFFF));
        const IntegerVector plain = hn::Sub(hn::ShiftRight<mantissa_bits>(magnitude), hn::Set(integers, bias));
        const IntegerVector exponent = hn::Max(plain, hn::Set(integers, lowest));
        const auto zero = hn::Eq(magnitude, hn::Zero(integers));
        const IntegerVector far = hn::VecFromMask(integers, hn::Gt(hn::Abs(exponent), hn::Set(integers, limit)));
        immoderate = hn::Or(immoderate, hn::IfThenZeroElse(zero, far));
        const IntegerVector marked =
            hn::IfThenElse(zero, hn::Set(integers, int{ModerateFactor::exponent_of_zero}), exponent);
        hn::StoreU(value, floats, values + i);
        hn::StoreU(hn::DemoteTo(exponents_of_floats, marked), exponents_of_floats, exponents + i);
    }
    return hn::AllTrue(integers, hn::Eq(immoderate, hn::Zero(integers)));
}

bool decode_factors(ElementType type, const std::uint8_t* raw, std::size_t count, float* values,
                    std::int8_t* exponents) {
    if (type == ElementType::f16) return decode_elements<ElementType::f16>(raw, count, values, exponents);
    if (type == ElementType::bf16) return decode_elements<ElementType::bf16>(raw, count, values, exponents);
    return decode_elements<ElementType::tf32>(raw, count, values, exponents);
}

}  // namespace stcsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stcsim {
namespace {
HWY_EXPORT(add_fused_products);
HWY_EXPORT(add_narrow_fused_products);
HWY_EXPORT(decode_factors);
}  // namespace

void add_fused_products(ElementType accumulator, std::size_t pass_length, const FusedPanelProduct& product) {
    STCSIM_ASSERT((pass_length == 4 || pass_length == 8) && product.length % pass_length == 0);
    HWY_DYNAMIC_DISPATCH(add_fused_products)(accumulator, pass_length, product);
}

void add_narrow_fused_products(ElementType accumulator, std::size_t pass_length, const FusedPanelProduct& product) {
    STCSIM_ASSERT((pass_length == 4 || pass_length == 8) && product.length % pass_length == 0);
    HWY_DYNAMIC_DISPATCH(add_narrow_fused_products)(accumulator, pass_length, product);
}

bool decode_factors(ElementType type, const std::uint8_t* raw, std::size_t count, float* values,
                    std::int8_t* exponents) {
    STCSIM_ASSERT(type == ElementType::f16 || type == ElementType::bf16 || type == ElementType::tf32);
    STCSIM_ASSERT(count % narrow_panel_columns == 0);
    return HWY_DYNAMIC_DISPATCH(decode_factors)(type, raw, count, values, exponents);
}

}  // namespace stcsim
#endif
