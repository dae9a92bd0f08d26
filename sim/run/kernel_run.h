/// One launch of one kernel at one clock, by the detailed machine or by waves: what both tell.
#pragma once

#include <cstdint>
#include <optional>

#include "base/counters.h"
#include "gpu/gpu_parameters.h"
#include "kernel/gemm_plan.h"
#include "memory/memory_hierarchy.h"
#include "run/simulate.h"
#include "tensor_core/account.h"
#include "waves/tile_profile.h"

namespace stcsim {

struct KernelRun {
    Method method = Method::exact;
    Cycle cycles{0};
    Cycle skipped_cycles{0};
    std::uint64_t tensor_cores = 0;
    TensorCoreAccount account;
    CounterReport counters;
    MemoryTraffic traffic;
    std::uint64_t simulated_ctas = 0;
    std::optional<Verification> verification;
};

/// The options of a run of which only the time is wanted: no values, no waveform, no timeline.
SimulationOptions without_values(SimulationOptions options);

/// Every instruction through the SystemC machine. Writes waveform and timeline if the options ask for them. `contents`,
/// scope chip only: what the L2 holds when the launch begins, then what it holds after it; without: nothing.
KernelRun run_detailed(const GpuParameters& gpu, const GemmPlan& plan, const SimulationOptions& options,
                       MemoryHierarchy* contents = nullptr);

/// All SMs k-tile by k-tile, by a profile of the plan's kernel on this GPU. `memory`: see run_sampled.
KernelRun run_by_waves(const GpuParameters& gpu, const GemmPlan& plan, const TileProfile& profile,
                       MemoryHierarchy* memory = nullptr);

/// About what run_by_waves would tell, if it can be had at a fraction of the cost.
std::optional<KernelRun> estimate_by_waves(const GpuParameters& gpu, const GemmPlan& plan, const TileProfile& profile);

}  // namespace stcsim
