/// Binary floating-point formats of the tensor core and their raw bit patterns.
///
/// A format is sign, exponent and mantissa from the most significant bit down, followed by `padding_bits` that carry
/// nothing (tf32 occupies 32 bits and uses 19). Subnormals, infinities and NaNs as in IEEE 754.
#pragma once

#include <bit>
#include <cstdint>

#include "base/error.h"
#include "numerics/element_type.h"

namespace stcsim {

struct FloatFormat {
    int exponent_bits;
    int mantissa_bits;
    int padding_bits;

    [[nodiscard]] constexpr int bias() const { return (1 << (exponent_bits - 1)) - 1; }
    /// Exponent of the smallest normal number, which subnormals share.
    [[nodiscard]] constexpr int minimum_exponent() const { return 1 - bias(); }
    [[nodiscard]] constexpr int maximum_exponent() const { return bias(); }
    [[nodiscard]] constexpr std::uint32_t sign_bit() const {
        return 1U << (exponent_bits + mantissa_bits + padding_bits);
    }
    [[nodiscard]] constexpr std::uint32_t infinity() const {
        return ((1U << exponent_bits) - 1U) << (mantissa_bits + padding_bits);
    }
    /// The NaN that NVIDIA hardware produces: sign clear, all other bits set (0x7FFFFFFF, 0x7FFF).
    [[nodiscard]] constexpr std::uint32_t canonical_nan() const { return sign_bit() - 1U; }

    bool operator==(const FloatFormat&) const = default;
};

/// Whether the type is one of the floating-point types that fit 32 bits.
constexpr bool is_float(ElementType type) {
    return type == ElementType::f16 || type == ElementType::bf16 || type == ElementType::tf32 ||
           type == ElementType::f32;
}

/// The format of f16, bf16, tf32 or f32. Other types break an invariant.
constexpr FloatFormat float_format_of(ElementType type) {
    STCSIM_ASSERT(is_float(type));
    switch (type) {
        case ElementType::f16: return {5, 10, 0};
        case ElementType::bf16: return {8, 7, 0};
        case ElementType::tf32: return {8, 10, 13};
        default: return {8, 23, 0};
    }
}

enum class FloatClass : std::uint8_t { zero, finite, infinite, nan };

/// A number taken apart: (-1)^negative x significand x 2^(exponent - mantissa_bits of its format). Normal numbers have
/// the implicit bit in the significand; subnormals lack it and have the format's minimum exponent.
struct DecodedFloat {
    FloatClass kind;
    bool negative;
    int exponent;
    std::uint32_t significand;
};

constexpr DecodedFloat decode(const FloatFormat& format, ElementBits raw) {
    const auto bits = static_cast<std::uint32_t>(raw);
    const bool negative = (bits & format.sign_bit()) != 0;
    const std::uint32_t magnitude = (bits & (format.sign_bit() - 1U)) >> format.padding_bits;
    const std::uint32_t mantissa = magnitude & ((1U << format.mantissa_bits) - 1U);
    const int biased = static_cast<int>(magnitude >> format.mantissa_bits);
    if (biased == (1 << format.exponent_bits) - 1) {
        return {mantissa == 0 ? FloatClass::infinite : FloatClass::nan, negative, 0, 0};
    }
    if (biased == 0) {
        return {mantissa == 0 ? FloatClass::zero : FloatClass::finite, negative, format.minimum_exponent(), mantissa};
    }
    return {FloatClass::finite, negative, biased - format.bias(), mantissa | (1U << format.mantissa_bits)};
}

enum class Rounding : std::uint8_t { toward_zero, to_nearest_even };

/// The bits of (-1)^negative x magnitude x 2^unit_exponent in `format`, rounded once. A magnitude of zero gives a zero
/// of the sign asked for; too large a result gives infinity under either rounding, as the tensor core does.
constexpr std::uint32_t encode(const FloatFormat& format, bool negative, std::uint64_t magnitude, int unit_exponent,
                               Rounding rounding) {
    const std::uint32_t sign = negative ? format.sign_bit() : 0U;
    if (magnitude == 0) return sign;
    // The result's last place: of a normal number with this leading bit, or of the subnormals.
    const int leading = unit_exponent + 63 - std::countl_zero(magnitude);
    const int exponent = leading < format.minimum_exponent() ? format.minimum_exponent() : leading;
    const int shift = exponent - format.mantissa_bits - unit_exponent;
    std::uint64_t significand = 0;
    if (shift <= 0) {
        significand = magnitude << -shift;
    } else if (shift < 64) {
        significand = magnitude >> shift;
        const std::uint64_t half = std::uint64_t{1} << (shift - 1);
        const std::uint64_t rest = magnitude & (2 * half - 1);
        const bool up = rest > half || (rest == half && (significand & 1U) != 0);
        if (rounding == Rounding::to_nearest_even && up) ++significand;
    }
    // Adding instead of or-ing lets a carry out of the significand raise the exponent (and a subnormal become normal).
    const auto below = static_cast<std::uint64_t>(exponent - format.minimum_exponent());
    const std::uint64_t field = (below << format.mantissa_bits) + significand;
    const std::uint64_t limit = ((std::uint64_t{1} << format.exponent_bits) - 1) << format.mantissa_bits;
    if (field >= limit) return sign | format.infinity();
    return sign | (static_cast<std::uint32_t>(field) << format.padding_bits);
}

/// The value as a double: exact for every format here. A NaN gives a quiet NaN.
double to_double(ElementType type, ElementBits bits);

/// The nearest value of the type, ties to even; too large gives infinity, NaN gives the canonical NaN.
std::uint32_t from_double(ElementType type, double value);

/// `bits` of type `from` as the nearest value of type `to`, ties to even: f32 -> f16 as the hardware's cvt.rn, and the
/// exact widenings. NaN gives the canonical NaN.
std::uint32_t convert(ElementType from, ElementType to, ElementBits bits);

}  // namespace stcsim
