/// Rounding of exact values to any format in any direction, without touching the processor's rounding mode.
///
/// The trick behind it: a sum or product of two doubles is rounded *to odd* (cut, and the last place set if anything
/// was lost). Rounding that again to a format that is at least two places shorter gives what rounding the exact value
/// gives, in every direction. Source: S. Boldo, G. Melquiond, "Emulation of a FMA and correctly rounded sums: proved
/// algorithms using rounding to odd", 2008.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace stcsim {

enum class RoundingMode : std::uint8_t { nearest_even, toward_zero, down, up, nearest_away };

/// A binary format: sign, exponent, mantissa from the top down; `padding` low bits of the word carry nothing (tf32).
struct BinaryFormat {
    int exponent_bits;
    int mantissa_bits;
    int padding = 0;

    [[nodiscard]] constexpr int bias() const { return (1 << (exponent_bits - 1)) - 1; }
    [[nodiscard]] constexpr int minimum_exponent() const { return 1 - bias(); }
    [[nodiscard]] constexpr std::uint64_t infinity() const {
        return ((std::uint64_t{1} << exponent_bits) - 1) << mantissa_bits << padding;
    }
    [[nodiscard]] constexpr std::uint64_t sign() const {
        return std::uint64_t{1} << (exponent_bits + mantissa_bits + padding);
    }
    /// All bits set but the sign: the NaN of the hardware.
    [[nodiscard]] constexpr std::uint64_t nan() const { return sign() - 1; }
    [[nodiscard]] constexpr std::uint64_t largest() const { return infinity() - (std::uint64_t{1} << padding); }
};

inline constexpr BinaryFormat half_format{5, 10};
inline constexpr BinaryFormat bfloat_format{8, 7};
inline constexpr BinaryFormat tf32_format{8, 10, 13};
inline constexpr BinaryFormat single_format{8, 23};
inline constexpr BinaryFormat double_format{11, 52};

/// Whether the last place goes up, given what is cut off relative to half of it.
constexpr bool rounds_up(RoundingMode mode, bool negative, bool odd, bool some, bool half, bool more_than_half) {
    switch (mode) {
        case RoundingMode::nearest_even: return more_than_half || (half && odd);
        case RoundingMode::nearest_away: return more_than_half || half;
        case RoundingMode::toward_zero: return false;
        case RoundingMode::down: return negative && some;
        case RoundingMode::up: return !negative && some;
    }
    return false;
}

/// The bits of (-1)^negative x magnitude x 2^exponent.
constexpr std::uint64_t encode_rounded(const BinaryFormat& format, bool negative, std::uint64_t magnitude, int exponent,
                                       RoundingMode mode) {
    const std::uint64_t sign = negative ? format.sign() : 0;
    if (magnitude == 0) return sign;
    const int leading = exponent + 63 - std::countl_zero(magnitude);
    const int normal = leading < format.minimum_exponent() ? format.minimum_exponent() : leading;
    const int shift = normal - format.mantissa_bits - exponent;
    std::uint64_t kept = 0;
    if (shift <= 0) {
        kept = magnitude << -shift;
    } else {
        const bool beyond = shift > 64;
        kept = shift >= 64 ? 0 : magnitude >> shift;
        const std::uint64_t half = beyond ? 0 : std::uint64_t{1} << (shift - 1);
        const std::uint64_t rest = shift >= 64 ? magnitude : magnitude & (2 * half - 1);
        const bool is_half = !beyond && rest == half;
        const bool above_half = !beyond && rest > half;
        if (rounds_up(mode, negative, (kept & 1U) != 0, rest != 0, is_half, above_half)) ++kept;
    }
    // Adding lets a carry out of the significand raise the exponent.
    const std::uint64_t field =
        (static_cast<std::uint64_t>(normal - format.minimum_exponent()) << format.mantissa_bits) + kept;
    const std::uint64_t bits = field << format.padding;
    if (field < format.infinity() >> format.padding) return sign | bits;
    const bool stays = mode == RoundingMode::toward_zero || (mode == RoundingMode::down && !negative) ||
                       (mode == RoundingMode::up && negative);
    return sign | (stays ? format.largest() : format.infinity());
}

/// A double in another format. A NaN gives the format's own.
constexpr std::uint64_t encode_rounded(const BinaryFormat& format, double value, RoundingMode mode) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    const bool negative = bits >> 63U != 0;
    const auto biased = static_cast<int>(bits >> 52U & 0x7FFU);
    const std::uint64_t mantissa = bits & ((std::uint64_t{1} << 52U) - 1);
    if (biased == 0x7FF) return mantissa != 0 ? format.nan() : (negative ? format.sign() : 0) | format.infinity();
    const std::uint64_t magnitude = biased == 0 ? mantissa : mantissa | std::uint64_t{1} << 52U;
    return encode_rounded(format, negative, magnitude, (biased == 0 ? 1 : biased) - 1075, mode);
}

/// a + b rounded to odd; exact infinities and NaNs as they come. Sums of f32 or f16 and of their products do not
/// overflow a double.
inline double sum_to_odd(double a, double b) {
    const double sum = a + b;
    if (!std::isfinite(sum)) return sum;
    // What was lost, exactly (D. Knuth's two-sum).
    const double b_part = sum - a;
    const double lost = (a - (sum - b_part)) + (b - b_part);
    if (lost == 0.0) return sum;
    const auto bits = std::bit_cast<std::uint64_t>(sum);
    if ((bits & 1U) != 0) return sum;
    const bool away = (lost > 0.0) == (sum > 0.0);
    return std::bit_cast<double>(away ? bits + 1 : bits - 1);
}

/// The zero that an exact sum of zero has: -0 only when rounding down, or if both terms were -0.
inline double signed_sum_to_odd(double a, double b, RoundingMode mode) {
    const double sum = sum_to_odd(a, b);
    if (sum != 0.0 || std::signbit(a) == std::signbit(b)) return sum;
    return mode == RoundingMode::down ? -0.0 : 0.0;
}

inline float single_from(double value, RoundingMode mode) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(encode_rounded(single_format, value, mode)));
}

}  // namespace stcsim
