/// A launch on all SMs at the clock that the board's power limit allows, or that the options lock.
#pragma once

#include <optional>

#include "gpu/gpu_parameters.h"
#include "kernel/gemm_plan.h"
#include "memory/memory_hierarchy.h"
#include "run/kernel_run.h"
#include "run/simulate.h"
#include "waves/tile_profile.h"

namespace stcsim {

/// Runs when it is constructed.
///
/// The clock is settled by what a run does: an estimate first, if one is cheap beside the run, then the run itself. It
/// is repeated at the clock that its own power allows only if that may change its time: at a lower clock the memory is
/// faster, in cycles, by as much as the clock is lower, and a run feels it while it waits for data.
class ChipRun {
  public:
    /// The references must outlive it.
    ChipRun(const GpuParameters& gpu, const GemmPlan& plan, const SimulationOptions& options);

    [[nodiscard]] const KernelRun& outcome() const { return run_; }
    [[nodiscard]] double clock_hz() const { return at_clock_.clock_hz; }
    /// Launch and kernel.
    [[nodiscard]] double seconds() const;
    /// Joules.
    [[nodiscard]] double energy() const;

  private:
    /// Of the whole run, at the clock the GPU could reach; nothing if the run itself is as cheap. With a warm L2 it is
    /// the launch before this one, which also fills the L2.
    std::optional<KernelRun> estimate();
    /// The clock at which the board could do what this run does.
    [[nodiscard]] double clock_for(const KernelRun& run) const;
    KernelRun run();

    const GpuParameters& gpu_;
    GpuParameters at_clock_;
    const GemmPlan& plan_;
    const SimulationOptions& options_;
    Method method_;
    std::optional<TileProfile> profile_;
    std::optional<MemoryHierarchy> before_;  ///< as the launch before left it, if its L2 is warm for the next
    KernelRun run_;
};

}  // namespace stcsim
