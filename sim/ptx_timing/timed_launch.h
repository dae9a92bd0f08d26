/// Runs a PTX launch on the machine: what it computes, and how long that takes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/counters.h"
#include "executor/finding.h"
#include "executor/kernel_launch.h"
#include "gpu/gpu_parameters.h"
#include "memory/memory_hierarchy.h"
#include "ptx_timing/machine_program.h"
#include "ptx_timing/mma_verification.h"
#include "ptx_timing/ptx_stream.h"
#include "sm/residency.h"
#include "tensor_core/account.h"

namespace stcsim {

struct TimedOptions {
    Cycle most_cycles = never;  ///< then KernelFault
    /// One SM stands for all: it runs every CTA whose number is a multiple of the number of SMs, and has its share of
    /// the bandwidth of L2 and HBM; nothing it reads is shared with other SMs. The other CTAs run beside it for their
    /// results.
    bool one_sm = false;
    bool verify = false;                   ///< values of mma go through the tensor core's modules too, compared
    std::uint64_t shuffle_seed = 0;        ///< not 0: order of module construction, which must not matter
    std::function<void(double)> progress;  ///< called now and then with the share of CTAs done; may be empty
};

struct TimedResult {
    Cycle cycles{0};     ///< until the last CTA has ended and its stores have reached the L2
    double time_us = 0;  ///< at the GPU's clock, without what launching it adds
    std::uint64_t tensor_cores = 0;
    TensorCoreAccount account;  ///< summed over the tensor cores
    CounterReport counters;
    MemoryTraffic traffic;
    Residency residency;
    double occupancy = 0;                   ///< warps that fit over what an SM holds, 0 to 1
    double achieved_occupancy = 0;          ///< warps that were resident, on average over all SMs and the whole time
    std::uint64_t timed_ctas = 0;           ///< the others ran without time
    std::uint64_t warp_instructions = 0;    ///< of all CTAs
    std::vector<std::uint64_t> executed;    ///< of these, per instruction of the decoded kernel
    std::vector<InstructionTally> tallies;  ///< of the timed CTAs, per instruction of the decoded kernel
    std::unique_ptr<MmaVerification> verification;  ///< if asked for
};

/// The whole grid, on all SMs or one for all. Memory is as the launch leaves it. Throws InputError for a launch that
/// does not fit the kernel or the GPU; KernelFault for a finding that ends the launch, for a deadlock and for too many
/// cycles, saying where the warps stand.
TimedResult run_timed(const GpuParameters& gpu, const MachineProgram& program, const KernelLaunch& launch,
                      FindingSink& findings, const TimedOptions& options = {});

}  // namespace stcsim
