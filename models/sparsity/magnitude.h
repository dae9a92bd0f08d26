/// The magnitude of elements, by which pruning decides.
#pragma once

#include <cstdint>

#include "numerics/element_type.h"

namespace stcsim {

/// |x|. A NaN gives a NaN. tf32 drops its low 13 bits, as the hardware does. Defined for every type but b1, which has
/// no sign and no sparse instruction.
double magnitude(ElementType type, ElementBits bits);

/// A number that orders elements by magnitude exactly, without converting them: 0 for zeros of either sign; infinity
/// above every number; NaN above infinity, so that a NaN is never pruned away silently.
ElementBits magnitude_order(ElementType type, ElementBits bits);

/// Whether the value is zero: +0, -0, and a tf32 of which only the dropped bits are set.
inline bool is_zero(ElementType type, ElementBits bits) {
    return magnitude_order(type, bits) == 0;
}

}  // namespace stcsim
