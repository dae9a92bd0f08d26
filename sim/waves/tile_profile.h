/// How one SM takes the k-tiles of a kernel: measured on the detailed machine with an ideal memory behind it.
///
/// A CTA's main loop is a pipeline: the copies of the k-tile `stages - 1` ahead leave when a k-tile begins; a k-tile
/// can begin when its data are there and the one before it is done. Between these marks the SM's inside - tensor cores,
/// operand fetch, shared memory, issue - decides, and does the same for every k-tile. So a few short runs of the
/// detailed SM tell all a replay needs: runs of two lengths give the cycles per k-tile, alone and with all CTAs that
/// fit on the SM; a run with a long memory latency gives what a k-tile adds to that latency; the first and last mma of
/// a CTA give its start and its end.
#pragma once

#include <array>
#include <cstdint>

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

/// Times in cycles; real numbers, since a period is an average over many k-tiles.
struct TileProfile {
    std::uint32_t resident_ctas = 1;  ///< of an SM at once
    double solo_period = 0;           ///< of a k-tile when the CTA has the SM for itself
    double shared_period = 0;         ///< the SM's time per k-tile of any CTA when all resident ones work
    double start_to_copies = 0;       ///< from a CTA's first cycle to the first copy that leaves the SM
    double prologue_spacing = 0;      ///< between the copies of successive k-tiles before the main loop
    double copy_span = 0;             ///< over which the copies of a k-tile leave in the main loop, from its begin on
    double data_to_begin = 0;         ///< from the arrival of a k-tile's last byte to its begin
    double epilogue = 0;              ///< from the end of the last k-tile to the CTA's, alone on the SM
    double shared_epilogue = 0;       ///< the SM's time per epilogue of any CTA when all resident ones are in theirs
    ProfiledWork solo, shared;        ///< with one CTA, with all that fit
    ReductionProfile reduction;       ///< of a plan that splits k
};

/// Measures the kernel of a plan on one SM of the GPU. Throws InputError if no CTA fits.
TileProfile measure_profile(const GpuParameters& gpu, const GemmPlan& plan);

}  // namespace stcsim
