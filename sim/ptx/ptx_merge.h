/// The modules of a program that was compiled in several parts, as one.
#pragma once

#include <cstdint>
#include <vector>

#include "ptx/ptx_module.h"

namespace stcsim {

/// A module, and how many lines its text has.
struct PtxPart {
    PtxModule module;
    std::uint32_t lines = 0;
};

/// Whether one of them declares a function that the other defines for all (`.visible`, `.weak`).
bool needs_each_other(const PtxModule& a, const PtxModule& b);

/// All of several parts: a function that is only declared in one is the one of that name that another defines for all.
/// External variables stay external. Lines count on from part to part, so that each names one place; the module's name
/// says which are whose. Of kernels of the same name the first counts.
PtxModule merge_modules(std::vector<PtxPart> parts);

}  // namespace stcsim
