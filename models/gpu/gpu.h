/// The GPU: SMs, memory system and CTA scheduler, run as one SystemC simulation.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>

#include "base/counters.h"
#include "base/error.h"
#include "gpu/cta_scheduler.h"
#include "gpu/gpu_parameters.h"
#include "isa/instruction_stream.h"
#include "memory/global_values.h"
#include "memory/memory_hierarchy.h"
#include "memory/shared_regions.h"
#include "tensor_core/account.h"
#include "tensor_core/timeline.h"

namespace stcsim {

/// The machine has stopped with CTAs unfinished: warps wait for what will never come. A bug of the model, unless the
/// stream is a program that someone wrote.
class DeadlockError : public InvariantError {
  public:
    using InvariantError::InvariantError;
};

/// The run was ended because it took more cycles than allowed.
class CycleLimitError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// What to simulate of a launch, and what to record.
struct GpuRunOptions {
    bool one_sm = false;            ///< one SM instead of all of them
    std::uint32_t sharing_sms = 1;  ///< one_sm: the SMs among which the memory system's bandwidth is shared
    CtaSelection ctas;              ///< which CTAs of the grid
    SharedRegions shared_regions;   ///< one_sm: how the other SMs share its traffic
    /// one_sm: a memory that takes every access back to its SM after this time, however many there are. What an SM
    /// does by itself can be measured with it.
    std::optional<Cycle> ideal_memory_latency;
    /// All SMs: what the L2 holds when the launch begins, an earlier launch's leavings; then what this one leaves.
    MemoryHierarchy* contents = nullptr;
    GlobalValues* memory = nullptr;        ///< operand values; null: timing only
    Timeline* timeline = nullptr;          ///< records the first SM's tensor cores
    std::uint64_t shuffle_seed = 0;        ///< not 0: shuffles construction and evaluation, which must not matter
    bool skip_repetition = false;          ///< gpu/repetition.h: the result is the same, sooner
    std::uint32_t threads = 1;             ///< all SMs, no values: that simulate them; no result depends on it
    Cycle most_cycles = never;             ///< beyond it the run ends with CycleLimitError, some cycles later
    std::function<void(double)> progress;  ///< called now and then with the share of CTAs done; may be empty
};

/// What came out.
struct GpuRunResult {
    Cycle cycles{0};        ///< until the last CTA has ended and its stores have reached the L2
    Cycle last_cta_end{0};  ///< the end of the last CTA's last warp
    std::uint64_t tensor_cores = 0;
    TensorCoreAccount account;  ///< summed over the tensor cores
    CounterReport counters;
    MemoryTraffic traffic;
    Cycle skipped_cycles{0};        ///< of `cycles`: not simulated because they repeat others
    std::uint64_t evaluations = 0;  ///< module evaluations: the simulator's work, not the machine's
    std::uint64_t state_words = 0;  ///< recorded to find repetitions: the simulator's work, too
};

/// Runs the CTAs of the stream. Throws InputError if not even one CTA fits on an SM or the stream holds what the GPU
/// cannot execute; DeadlockError if the machine stops with CTAs unfinished; CycleLimitError.
GpuRunResult run_gpu(const GpuParameters& parameters, InstructionStream& stream, const GpuRunOptions& options);

}  // namespace stcsim
