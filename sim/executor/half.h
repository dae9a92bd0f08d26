/// f16 and bf16 numbers as the lanes of a register hold them.
#pragma once

#include <bit>
#include <cstdint>

#include "executor/rounding.h"

namespace stcsim {

struct Half {
    std::uint16_t bits;
};
struct BrainFloat {
    std::uint16_t bits;
};

inline constexpr std::uint16_t half_nan = 0x7FFF;
inline constexpr std::uint16_t bfloat_nan = 0x7FFF;

inline float to_float(Half x) {
    const std::uint32_t magnitude = x.bits & 0x7FFFU;
    const std::uint32_t sign = (x.bits & 0x8000U) << 16U;
    if (magnitude >= 0x7C00U) return std::bit_cast<float>(sign | 0x7F800000U | (magnitude & 0x3FFU) << 13U);
    // In f32's fields the number is 2^112 times too small, the difference of the biases; also if it is subnormal.
    const float value = std::bit_cast<float>(magnitude << 13U) * 0x1p112F;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value) | sign);
}

inline float to_float(BrainFloat x) {
    return std::bit_cast<float>(std::uint32_t{x.bits} << 16U);
}

inline Half half_from(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
    const auto sign = static_cast<std::uint16_t>(bits >> 16U & 0x8000U);
    if (magnitude > 0x7F800000U) return {half_nan};
    if (magnitude >= 0x477FF000U) return {static_cast<std::uint16_t>(sign | 0x7C00U)};  // 65520 and above
    if (magnitude < 0x38800000U) {  // below 2^-14: adding 1/2 puts the last place where subnormals have theirs
        const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
        return {static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000U))};
    }
    const std::uint32_t rounded = magnitude + 0xFFFU + (magnitude >> 13U & 1U) - 0x38000000U;
    return {static_cast<std::uint16_t>(sign | rounded >> 13U)};
}

inline BrainFloat bfloat_from(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return {bfloat_nan};
    return {static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16U & 1U)) >> 16U)};
}

inline Half half_from(double value, RoundingMode mode = RoundingMode::nearest_even) {
    return {static_cast<std::uint16_t>(encode_rounded(half_format, value, mode))};
}
inline BrainFloat bfloat_from(double value, RoundingMode mode = RoundingMode::nearest_even) {
    return {static_cast<std::uint16_t>(encode_rounded(bfloat_format, value, mode))};
}

}  // namespace stcsim
