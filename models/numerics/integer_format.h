/// The integers of the tensor core and their raw bit patterns: two's complement or unsigned, in the low bits.
#pragma once

#include <bit>
#include <cstdint>

#include "base/error.h"
#include "numerics/element_type.h"

namespace stcsim {

/// Whether the type is an integer operand: s8, u8, s4 or u4.
constexpr bool is_integer_operand(ElementType type) {
    return type == ElementType::s8 || type == ElementType::u8 || type == ElementType::s4 || type == ElementType::u4;
}

/// The number that the low bits of `bits` stand for. Types other than s8, u8, s4, u4, b1 and s32 break an invariant.
constexpr std::int32_t integer_value(ElementType type, ElementBits bits) {
    STCSIM_ASSERT(is_integer_operand(type) || type == ElementType::b1 || type == ElementType::s32);
    const auto low = static_cast<std::uint32_t>(bits);
    const std::uint32_t above = 32 - bits_of(type);
    const bool is_signed = type == ElementType::s8 || type == ElementType::s4 || type == ElementType::s32;
    // Shifting the number to the top and back fills the bits above with its sign, or with zeros.
    const std::uint32_t top = low << above;
    return is_signed ? std::bit_cast<std::int32_t>(top) >> above : std::bit_cast<std::int32_t>(top >> above);
}

/// The bits of a sum in s32, wrapped around.
constexpr ElementBits wrapped_bits(std::int64_t sum) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(sum));
}

}  // namespace stcsim
