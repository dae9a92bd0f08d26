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

/// What an atomic operation on shared memory needs of the banks.
struct AtomicPlan {
    std::uint32_t wavefronts = 0;  ///< of all rounds together
    std::uint32_t rounds = 1;      ///< of a compare-and-swap loop; others: 1
};

/// A bank changes a word for one lane per wavefront: lanes that share an address need one each, as lanes whose words
/// share a bank do. Increments by one of the same address are counted and take one wavefront together. In each round of
/// a loop the lanes that are left try, and one per address gets through.
/// Source: atomicAdd on an A100 takes about 8 N cycles for 8 warps whose lanes share addresses N by N, and increments
/// by one (ATOMS.POPC.INC) take the same for every N (Dissecting the Ampere GPU Architecture through Microbenchmarking,
/// GTC 2021, S33322).
AtomicPlan atomic_plan(const LaneAccess& access, AtomicForm form, const SharedMemoryParameters& parameters);

/// shared_wavefronts() with a memory of the patterns of lane offsets it has seen. One for all SMs that a
/// thread simulates: it holds no state of the machine.
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
