#include "executor/functional_run.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <memory>

#include <fmt/format.h>

#include "executor/cta_execution.h"
#include "executor/float_environment.h"

namespace stcsim {
namespace {

/// Instructions a warp executes before the next one has a turn.
constexpr std::uint32_t turn = 256;

class FunctionalRun {
  public:
    FunctionalRun(const KernelLaunch& launch, FindingSink& findings, const FunctionalOptions& options)
        : launch_(&launch), findings_(&findings), options_(options) {
        result_.executed.resize(launch.kernel->instructions().size());
    }

    FunctionalResult run() {
        std::uint64_t next = 0;
        const std::uint64_t places =
            launch_->grid_workspace != 0 ? launch_->ctas() : std::max(options_.resident_ctas, 1U);
        while (next < launch_->ctas() || !resident_.empty()) {
            while (next < launch_->ctas() && resident_.size() < places) {
                resident_.push_back(std::make_unique<CtaExecution>(*launch_, CtaIndex(next++), *findings_));
            }
            bool progress = false;
            for (const auto& cta : resident_) progress = run_cta(*cta) || progress;
            if (!progress) report_deadlock();
            std::erase_if(resident_, [](const auto& cta) { return cta->ended(); });
        }
        return std::move(result_);
    }

  private:
    bool run_cta(CtaExecution& cta) {
        bool progress = false;
        for (std::uint32_t i = 0; i < cta.warps(); ++i) progress = run_warp(cta.warp(i)) || progress;
        return progress;
    }

    bool run_warp(WarpExecution& warp) {
        std::uint32_t executed = 0;
        while (executed < turn && !warp.ended() && !warp.waits_at_barrier()) {
            const WarpStep& step = warp.next();
            ++result_.executed[step.number];
            ++result_.warp_instructions;
            result_.thread_instructions += static_cast<std::uint64_t>(std::popcount(step.active));
            warp.execute(Cycle(result_.warp_instructions));
            ++executed;
        }
        if (result_.warp_instructions > options_.max_warp_instructions) report_limit(warp);
        return executed > 0;
    }

    static std::string where(const WarpExecution& warp) {
        const PtxInstruction& at = *warp.position().ptx;
        return fmt::format("{} at PTX line {}", at.name(), at.where.line);
    }

    [[noreturn]] void report_limit(const WarpExecution& warp) const {
        throw KernelFault(fmt::format("kernel {} has executed {} warp instructions, the limit, and has not ended{}",
                                      launch_->kernel->ptx().name, options_.max_warp_instructions,
                                      warp.ended() ? "" : "; a warp stands at " + where(warp)));
    }

    [[noreturn]] void report_deadlock() const { throw KernelFault(describe_deadlock(*launch_, resident_)); }

    const KernelLaunch* launch_;
    FindingSink* findings_;
    FunctionalOptions options_;
    FunctionalResult result_;
    std::vector<std::unique_ptr<CtaExecution>> resident_;
};

}  // namespace

std::string describe_deadlock(const KernelLaunch& launch, std::span<const std::unique_ptr<CtaExecution>> resident) {
    std::string text = fmt::format("deadlock in kernel {}: no warp can go on", launch.kernel->ptx().name);
    for (const auto& cta : resident) {
        for (std::uint32_t i = 0; i < cta->warps(); ++i) {
            const WarpExecution& warp = cta->warp(i);
            if (warp.ended()) continue;
            const PtxInstruction& at = *warp.position().ptx;
            text +=
                fmt::format("\n  CTA {} warp {}: {} at PTX line {}", cta->index().value(), i, at.name(), at.where.line);
        }
    }
    return text;
}

FunctionalResult run_functional(const KernelLaunch& launch, FindingSink& findings, const FunctionalOptions& options) {
    launch.check();
    const DefaultFloatEnvironment environment;
    return FunctionalRun(launch, findings, options).run();
}

}  // namespace stcsim
