/// Which waves of CTAs are replayed, and what stands for the rest.
///
/// A wave is as many CTAs as the chip holds at once. The first waves are replayed; all but the last few are then taken
/// to be like these, on average and without the first two. The last ones, with the tail of the launch, are replayed
/// again; the first of them only fills the caches anew, and its time counts as that of the waves before it. The second
/// launch of a kernel that splits k is sampled likewise, `launch_gap` after the first.
#pragma once

#include <cstdint>
#include <optional>

#include "gpu/gpu_parameters.h"
#include "kernel/gemm_plan.h"
#include "memory/memory_hierarchy.h"
#include "waves/chip_replay.h"

namespace stcsim {

/// How a launch is sampled.
struct SamplingOptions {
    bool every_wave = false;  ///< leave no wave out
    /// What the launch goes through, nothing being under way in it; its L2 may hold what an earlier one left there.
    /// Without one: a new one.
    MemoryHierarchy* memory = nullptr;
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

/// A guess at the whole run from some k-tiles of the first CTAs, begun with an empty L2: the rates of its middle, no
/// starts and ends. Nothing if that would cost about as much as the run.
std::optional<SampledRun> probe(const GpuParameters& gpu, const GemmPlan& plan, const TileProfile& profile);

/// Whether the next launch on the same operands finds some of them in the L2: they and the result are not much larger
/// than it.
bool leaves_operands_in_l2(const GpuParameters& gpu, const GemmPlan& plan);

}  // namespace stcsim
