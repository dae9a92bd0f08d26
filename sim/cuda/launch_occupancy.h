/// How many CTAs of a kernel an SM holds.
#pragma once

#include <cstdint>

#include "base/units.h"
#include "cuda/launch_report.h"
#include "sm/sm_parameters.h"

namespace stcsim {

/// CTAs of `threads` threads that an SM holds at once; 0 if not even one fits.
std::uint32_t ctas_per_sm(std::uint64_t threads, std::uint32_t registers, Bytes shared, const ResidencyParameters& sm);

/// Sets the report's CTAs per SM and occupancy from its block, registers and shared memory.
void add_occupancy(LaunchReport& report, const ResidencyParameters& sm);

}  // namespace stcsim
