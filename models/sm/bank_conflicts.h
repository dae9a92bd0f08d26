/// Wavefronts of a shared-memory access: how often the banks have to be used one after the other.
#pragma once

#include <cstdint>
#include <vector>

#include "isa/warp_instruction.h"
#include "sm/sm_parameters.h"

namespace stcsim {

/// Wavefronts of the access. Lanes are served in groups whose data fits into one wavefront (32 lanes of 4 bytes, 16 of
/// 8, 8 of 16; ldmatrix: 8 rows of 16 bytes per matrix); within a group, two lanes conflict when they need different
/// words of the same bank. At least one per group with an active lane.
/// Source: CUDA C++ Programming Guide, "Shared Memory" of compute capability 5.x and later; the ldmatrix rates measured
/// in arXiv 2206.02874 (one wavefront per 8x8 matrix without conflicts).
std::uint32_t shared_wavefronts(const LaneAccess& access, const SharedMemoryParameters& parameters);

/// shared_wavefronts() with a memory of the patterns of lane offsets it has seen. One for all SMs: it holds no state of
/// the machine.
class BankConflicts {
  public:
    explicit BankConflicts(const SharedMemoryParameters& parameters);

    std::uint32_t wavefronts(const LaneAccess& access);

  private:
    struct KnownPattern {
        const LaneOffsets* offsets = nullptr;
        std::uint32_t active = 0;
        std::uint8_t bytes_per_lane = 0;
        std::uint8_t wavefronts = 0;
    };

    SharedMemoryParameters parameters_;
    std::vector<KnownPattern> known_;
};

}  // namespace stcsim
