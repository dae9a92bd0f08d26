/// Which waves of CTAs are replayed, and what stands for the rest.
///
/// A wave is as many CTAs as the chip holds at once. The first waves are replayed until one takes as long as the one
/// before it; then all but the last few are taken to be like these. The last ones, with the tail of the launch, are
/// replayed again; the first of them only fills the caches anew, and its time counts as that of the waves before it.
/// The second launch of a kernel that splits k is sampled likewise, `launch_gap` after the first.
#pragma once

#include <cstdint>

#include "gpu/gpu_parameters.h"
#include "kernel/gemm_plan.h"
#include "memory/memory_hierarchy.h"
#include "waves/chip_replay.h"

namespace stcsim {

/// How a launch is sampled.
struct SamplingOptions {
    bool every_wave = false;  ///< leave no wave out
    bool warm_l2 = false;     ///< the same launch has just run: the L2 holds what it left there
};

/// Whole run, the waves left out included.
struct SampledRun {
    double cycles = 0;          ///< from the first CTA's hand-out until the last has ended and its stores are taken
    double replayed_share = 1;  ///< of the CTAs
    ReplayTotals totals;        ///< of the CTAs that multiply
    double reducing_ctas = 0;
    MemoryTraffic traffic;
};

SampledRun run_sampled(const GpuParameters& gpu, const GemmPlan& plan, const TileProfile& profile,
                       const SamplingOptions& options);

}  // namespace stcsim
