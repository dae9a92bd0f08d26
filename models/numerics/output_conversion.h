/// How a kernel's epilogue turns an accumulator into the type that D is stored in, and adds up partial sums.
#pragma once

#include <cstdint>

#include "numerics/element_type.h"

namespace stcsim {

/// The element of D as stored: floats are rounded to nearest even; s32 goes to f16 and bf16 through f32, as an epilogue
/// that scales in f32 does (rounded twice), and saturates to s8 and u8 (cvt.sat). The same type is unchanged. Other
/// combinations break an invariant.
std::uint32_t stored_element(ElementType accumulator, ElementType output, ElementBits value);

/// The sum of two accumulators of 32 bits: f32 rounded to nearest even, s32 modulo 2^32. Other types break an
/// invariant.
std::uint32_t added_elements(ElementType accumulator, std::uint32_t one, std::uint32_t other);

}  // namespace stcsim
