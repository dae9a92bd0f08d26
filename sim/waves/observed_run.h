/// What CTAs that start together on one SM do when: the detailed machine, watched as it issues instructions.
#pragma once

#include <cstdint>
#include <vector>

#include "base/units.h"
#include "gpu/gpu.h"
#include "kernel/gemm_plan.h"

namespace stcsim {

/// A warp's access to global memory.
struct ObservedAccess {
    double issued;  ///< cycle
    double taken;   ///< by the load/store unit, which takes accesses in the order of their issue
    double bytes;
};

/// One CTA. Cycles count from the hand-out of the first CTA and its launch latency on.
struct ObservedCta {
    std::vector<double> begins;                       ///< of each k-tile: its first mma issues
    std::vector<std::vector<ObservedAccess>> copies;  ///< of each k-tile, in the order of their issue
    std::vector<ObservedAccess> stores;
    double end = 0;  ///< its last warp has ended
};

struct ObservedRun {
    std::uint64_t k_tiles = 0;  ///< of each CTA
    std::vector<ObservedCta> ctas;
    GpuRunResult outcome;
};

/// Runs `ctas` CTAs of a plan's kernel on one SM of the GPU, each with a whole tile of its own and `k_tiles` k-tiles,
/// with a memory that answers everything after `latency`. No more CTAs than fit on the SM. Slices of k are tiles like
/// others that store partial sums.
ObservedRun observe_on_one_sm(const GpuParameters& gpu, const GemmPlan& plan, std::uint32_t ctas, std::uint64_t k_tiles,
                              Cycle latency);

}  // namespace stcsim
