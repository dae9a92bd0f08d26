/// Wavefronts of a shared-memory access: how often the banks have to be used one after the other.
#pragma once

#include <cstdint>

#include "isa/warp_instruction.h"
#include "sm/sm_parameters.h"

namespace stcsim {

/// Wavefronts of the access. Lanes are served in groups whose data fits into one wavefront (32 lanes of 4 bytes, 16 of
/// 8, 8 of 16; ldmatrix: 8 rows of 16 bytes per matrix); within a group, two lanes conflict when they need different
/// words of the same bank. At least one per group with an active lane.
/// Source: CUDA C++ Programming Guide, "Shared Memory" of compute capability 5.x and later; the ldmatrix rates measured
/// in arXiv 2206.02874 (one wavefront per 8x8 matrix without conflicts).
std::uint32_t shared_wavefronts(const LaneAccess& access, const SharedMemoryParameters& parameters);

}  // namespace stcsim
