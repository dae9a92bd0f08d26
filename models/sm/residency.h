/// How many CTAs of a launch an SM holds at once.
#pragma once

#include <cstdint>
#include <string>

#include "isa/instruction_stream.h"
#include "sm/sm_parameters.h"

namespace stcsim {

/// Resident CTAs per SM and what limits them.
struct Residency {
    std::uint32_t ctas = 0;  ///< 0 if not even one fits
    std::string limited_by;  ///< "warps", "CTAs", "registers" or "shared memory"
};

/// By the rules of the CUDA C++ Programming Guide (Compute Capabilities): warps and CTAs per SM; registers, allocated
/// per warp in units; shared memory in units, plus what the system reserves per CTA.
Residency resident_ctas(const CtaResources& cta, const ResidencyParameters& parameters);

}  // namespace stcsim
