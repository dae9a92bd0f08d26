/// The element types of Ampere's mma instructions (PTX ISA 8.x, section "Matrix multiply-accumulate").
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace stcsim {

/// The raw bits of one element of any type, in the low bits.
using ElementBits = std::uint64_t;

/// Type of one matrix element, named as in PTX.
enum class ElementType : std::uint8_t { f16, bf16, tf32, f32, f64, s8, u8, s4, u4, b1, s32 };

/// Bits one element occupies in a register. tf32 occupies 32 although it only carries 19.
constexpr std::uint32_t bits_of(ElementType type) {
    switch (type) {
        case ElementType::b1: return 1;
        case ElementType::s4:
        case ElementType::u4: return 4;
        case ElementType::s8:
        case ElementType::u8: return 8;
        case ElementType::f16:
        case ElementType::bf16: return 16;
        case ElementType::tf32:
        case ElementType::f32:
        case ElementType::s32: return 32;
        case ElementType::f64: return 64;
    }
    return 0;
}

/// The PTX name of the type, for instance "bf16".
std::string_view name_of(ElementType type);

/// The type with this PTX name, or nothing.
std::optional<ElementType> element_type_named(std::string_view name);

}  // namespace stcsim
