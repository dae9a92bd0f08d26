/// Runs a launch without time: what it computes, and what it executed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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
    std::uint32_t left_out_stride = 0;                      ///< not 0: CTA 0 and each so many later run elsewhere
    std::uint32_t sms = 1;                                  ///< among which CTAs are dealt out in turn, for %smid
};

struct FunctionalResult {
    std::uint64_t warp_instructions = 0;
    std::uint64_t thread_instructions = 0;  ///< active lanes
    std::vector<std::uint64_t> executed;    ///< warp instructions per DecodedKernel::instructions()
};

/// CTAs of a launch that run without time. They start in order, some at a time; their warps take turns, so that CTAs
/// may wait for each other.
class FunctionalCtas {
  public:
    /// Launch and findings must outlive it.
    FunctionalCtas(const KernelLaunch& launch, FindingSink& findings, const FunctionalOptions& options);
    ~FunctionalCtas();
    FunctionalCtas(const FunctionalCtas&) = delete;
    FunctionalCtas& operator=(const FunctionalCtas&) = delete;

    /// Some more instructions, at least `warp_instructions` if there are so many; `now`: what %clock reads, if not the
    /// number of instructions. False: no warp can go on, each waits at a barrier.
    bool advance(std::uint64_t warp_instructions, std::optional<Cycle> now = {});
    /// To the end of all CTAs.
    void finish();
    [[nodiscard]] bool ended() const;
    [[nodiscard]] const FunctionalResult& result() const { return result_; }

  private:
    void skip_left_out();
    void start_ctas();
    bool run_cta(CtaExecution& cta);
    bool run_warp(WarpExecution& warp);
    [[noreturn]] void report_limit(const WarpExecution& warp) const;

    const KernelLaunch& launch_;
    FindingSink& findings_;
    FunctionalOptions options_;
    FunctionalResult result_;
    std::vector<std::unique_ptr<CtaExecution>> resident_;
    std::uint64_t places_ = 1;  ///< CTAs that are resident at once
    std::uint64_t next_ = 0;    ///< the CTA that starts next
    std::size_t turn_ = 0;      ///< the resident CTA whose turn it is
    std::optional<Cycle> now_;
};

/// CTAs start in order, a handful at a time; their warps take turns, so that a CTA may wait for an earlier one. Throws
/// InputError for a launch that does not fit the kernel, KernelFault if the kernel cannot go on: a finding under
/// FindingMode::strict, a deadlock (saying where each warp stands), or more instructions than allowed.
FunctionalResult run_functional(const KernelLaunch& launch, FindingSink& findings,
                                const FunctionalOptions& options = {});

/// What to say when no warp of the resident CTAs can go on: where each warp stands.
std::string describe_deadlock(const KernelLaunch& launch, std::span<const std::unique_ptr<CtaExecution>> resident);

}  // namespace stcsim
