/// The numbers that the 32-bit kernels of vector_fused_dot.h take, from raw bits and back.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "numerics/element_type.h"
#include "numerics/float_format.h"
#include "numerics/vector_fused_dot.h"

namespace stcsim {

/// The value of a finite number of `type` (f16, bf16, tf32 or f32).
template <ElementType type>
float moderate_value(ElementBits element) {
    const auto bits = static_cast<std::uint32_t>(element);
    if constexpr (type == ElementType::f16) {
        // In f32's fields the number is 2^112 times too small, the difference of the biases; also if it is subnormal.
        const float magnitude = std::bit_cast<float>((bits & 0x7FFFU) << 13U) * 0x1p112F;
        return (bits & 0x8000U) != 0 ? -magnitude : magnitude;
    } else if constexpr (type == ElementType::bf16) {
        return std::bit_cast<float>(bits << 16U);
    } else {
        constexpr std::uint32_t padding = (1U << float_format_of(type).padding_bits) - 1U;
        return std::bit_cast<float>(bits & ~padding);
    }
}

/// The exponent of an f32's bits; -127 for zero and subnormals.
inline int f32_exponent(float value) {
    return static_cast<int>(std::bit_cast<std::uint32_t>(value) >> 23U & 0xFFU) - 127;
}

/// Whether the number is moderate: zero or with an exponent within ±limit; of f16, whether it is finite.
template <ElementType type>
bool is_moderate(ElementBits bits, int limit) {
    if constexpr (type == ElementType::f16) return (bits & 0x7C00U) != 0x7C00U;
    const float value = moderate_value<type>(bits);
    return value == 0.0F || std::abs(f32_exponent(value)) <= limit;
}

/// A factor; one that is not moderate becomes zero.
template <ElementType type>
ModerateFactor moderate_factor(ElementBits bits) {
    const float value = moderate_value<type>(bits);
    if (value == 0.0F || !is_moderate<type>(bits, moderate_exponent)) return {};
    constexpr int minimum = float_format_of(type).minimum_exponent();
    return {value, static_cast<std::int8_t>(std::max(f32_exponent(value), minimum))};
}

/// The bits of a sum that the kernels left, which is a number of `type` (f32 or f16) or the infinite f16 sum.
template <ElementType type>
ElementBits bits_of_sum(float sum) {
    if constexpr (type == ElementType::f32) return std::bit_cast<std::uint32_t>(sum);
    const std::uint32_t sign = std::signbit(sum) ? 0x8000U : 0U;
    const float magnitude = std::abs(sum);
    if (magnitude == infinite_f16_sum) return sign | 0x7C00U;
    return sign | std::bit_cast<std::uint32_t>(magnitude * 0x1p-112F) >> 13U;
}

}  // namespace stcsim
