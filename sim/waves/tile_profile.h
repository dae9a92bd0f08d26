/// How one SM takes the k-tiles of a kernel: observed on the detailed machine with an ideal memory behind it.
///
/// A CTA's main loop is a pipeline: the copies of the k-tile `stages - 1` ahead leave when a k-tile begins; a CTA waits
/// for a k-tile's data before the last k-group of the one before. Between these marks the SM's inside - tensor cores,
/// operand fetch, shared memory, issue - decides, and does the same for every k-tile. So a few short runs of the
/// detailed SM (observed_run.h) tell all a replay needs: runs of two lengths give the cycles per k-tile, alone and with
/// all CTAs that fit on the SM, and what each takes of the tensor cores and of shared memory; a run with a long memory
/// latency shows how long after its data a k-tile begins; what a CTA alone does before its first k-tile and after its
/// last one is taken over as it was seen, access by access.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/counters.h"
#include "base/units.h"
#include "gpu/gpu_parameters.h"
#include "kernel/gemm_plan.h"
#include "tensor_core/account.h"

namespace stcsim {

/// Counters and tensor-core cycles of CTAs of a kernel: two runs of one SM, between and beyond which they are linear in
/// the number of k-tiles.
struct ProfiledWork {
    std::uint32_t ctas = 1;  ///< of each run
    std::uint64_t few_k_tiles = 0;
    std::uint64_t more_k_tiles = 0;  ///< per CTA
    TensorCoreAccount few_account, more_account;
    CounterReport few_counters, more_counters;

    /// Of `ctas` CTAs with `k_tiles` k-tiles in total.
    [[nodiscard]] CounterReport counters(double ctas, double k_tiles) const;
    /// Tensor-core cycles of one k-tile of one CTA in its steady state, per state.
    [[nodiscard]] std::array<double, tensor_core_states> cycles_per_k_tile() const;
};

/// A CTA of split-K's second launch: it loads its part of every slice, adds them up and stores the sums.
struct ReductionProfile {
    double load_spacing = 0;  ///< between the loads of successive slices
    double around_loads = 0;  ///< what a CTA takes beside its loads and their latency
    CounterReport counters;   ///< of one CTA
};

/// A k-tile's copies, and a tile's stores, are issued in this many parts: fine enough that SMs take turns at the
/// memory, and few enough that parts cost nothing beside the lines in them.
inline constexpr std::uint32_t copy_parts = 8;
inline constexpr std::uint32_t store_parts = 16;

/// When each part is issued, in cycles since a mark.
using CopySchedule = std::array<double, copy_parts>;
using StoreSchedule = std::array<double, store_parts>;

/// What a CTA does for a while: how long when it has the SM for itself, and how much of that time it takes of what CTAs
/// share.
struct SharedWork {
    double alone = 0;          ///< cycles
    double tensor = 0;         ///< cycles of the tensor cores
    double shared_memory = 0;  ///< cycles of shared memory: wavefronts and arriving packets
};

/// Times in cycles; real numbers, since a period is an average over many k-tiles.
struct TileProfile {
    std::uint32_t resident_ctas = 1;     ///< of an SM at once
    double shared_period = 0;            ///< the SM's time per k-tile of any CTA when all resident ones work
    SharedWork k_tile;                   ///< once its data are in shared memory
    SharedWork fill;                     ///< the arrival of a k-tile's copies in shared memory
    SharedWork epilogue;                 ///< from the end of the last k-tile to the CTA's
    std::vector<CopySchedule> prologue;  ///< of the first stages - 1 k-tiles, from the CTA's first cycle on
    CopySchedule copies{};               ///< of the others, from the begin of the k-tile stages - 1 before
    double data_to_first_begin = 0;      ///< from when the first k-tile's data are in shared memory to its begin
    double data_to_last_group = 0;       ///< of a later one's to the begin of the last k-group of the one before
    double last_group = 0;               ///< the last k-group's part of a k-tile
    StoreSchedule stores{};              ///< from the end of the last k-tile on
    ProfiledWork solo, shared;           ///< with one CTA, with all that fit
    ReductionProfile reduction;          ///< of a plan that splits k
};

/// Measures the kernel of a plan on one SM of the GPU. Throws InputError if no CTA fits.
TileProfile measure_profile(const GpuParameters& gpu, const GemmPlan& plan);

}  // namespace stcsim
