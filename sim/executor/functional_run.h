/// Runs a launch without time: what it computes, and what it executed.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "executor/cta_execution.h"
#include "executor/finding.h"
#include "executor/kernel_launch.h"

namespace stcsim {

struct FunctionalOptions {
    std::uint64_t max_warp_instructions = 100'000'000'000;  ///< then KernelFault
    std::uint32_t resident_ctas = 4;                        ///< that take turns
};

struct FunctionalResult {
    std::uint64_t warp_instructions = 0;
    std::uint64_t thread_instructions = 0;  ///< active lanes
    std::vector<std::uint64_t> executed;    ///< warp instructions per DecodedKernel::instructions()
};

/// CTAs start in order, a handful at a time; their warps take turns, so that a CTA may wait for an earlier one. Throws
/// InputError for a launch that does not fit the kernel, KernelFault if the kernel cannot go on: a finding under
/// FindingMode::strict, a deadlock (saying where each warp stands), or more instructions than allowed.
FunctionalResult run_functional(const KernelLaunch& launch, FindingSink& findings,
                                const FunctionalOptions& options = {});

/// What to say when no warp of the resident CTAs can go on: where each warp stands.
std::string describe_deadlock(const KernelLaunch& launch, std::span<const std::unique_ptr<CtaExecution>> resident);

}  // namespace stcsim
