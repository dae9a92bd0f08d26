/// The modifiers that instructions on memory share. Internal to the executor.
#pragma once

#include "executor/modifiers.h"

namespace stcsim {

struct MemoryModifiers {
    PtxSpace space = PtxSpace::generic;
    bool strong = false;        ///< volatile, relaxed, acquire, release
    bool cache_policy = false;  ///< a further operand
};

/// Takes space, order, scope and cache hints.
MemoryModifiers take_memory_modifiers(Modifiers& modifiers);

}  // namespace stcsim
