/// What a matrix multiply-accumulate computes with its elements: operand types, accumulator, and the modifiers of
/// integer and bit instructions (PTX ISA, "mma").
#pragma once

#include <cstdint>

#include "numerics/element_type.h"

namespace stcsim {

/// What an s32 accumulator does with a sum beyond its range: wrap around, or (`.satfinite`) stop at its ends.
enum class Overflow : std::uint8_t { wrap, saturate };

/// How single bits are multiplied: the population count of a xor b or of a and b is summed.
enum class BitOperation : std::uint8_t { none, xor_popc, and_popc };

/// The arithmetic of D = A x B + C; C and D are of the accumulator's type.
struct Arithmetic {
    ElementType a = ElementType::f16;
    ElementType b = ElementType::f16;
    ElementType accumulator = ElementType::f32;
    Overflow overflow = Overflow::wrap;
    BitOperation bit_operation = BitOperation::none;  ///< of b1 operands only

    bool operator==(const Arithmetic&) const = default;
};

}  // namespace stcsim
