#include "executor/functional_run.h"

#include <algorithm>
#include <bit>
#include <memory>

#include <fmt/format.h>

#include "executor/cta_execution.h"
#include "executor/float_environment.h"

namespace stcsim {
namespace {

/// Instructions a warp executes before the next one has a turn.
constexpr std::uint32_t turn = 256;

std::string where(const WarpExecution& warp) {
    const PtxInstruction& at = *warp.position().ptx;
    return fmt::format("{} at PTX line {}", at.name(), at.where.line);
}

}  // namespace

FunctionalCtas::FunctionalCtas(const KernelLaunch& launch, FindingSink& findings, const FunctionalOptions& options)
    : launch_(launch), findings_(findings), options_(options) {
    result_.executed.resize(launch.kernel->instructions().size());
    // The CTAs of a cooperative launch wait for each other.
    places_ = launch.grid_workspace != 0 ? launch.ctas() : std::max(options.resident_ctas, 1U);
    skip_left_out();
}

FunctionalCtas::~FunctionalCtas() = default;

void FunctionalCtas::skip_left_out() {
    if (options_.left_out_stride == 0) return;
    while (next_ < launch_.ctas() && next_ % options_.left_out_stride == 0) ++next_;
}

void FunctionalCtas::start_ctas() {
    while (next_ < launch_.ctas() && resident_.size() < places_) {
        const CtaPlace place{.sm = static_cast<std::uint32_t>(next_ % options_.sms), .sms = options_.sms};
        resident_.push_back(std::make_unique<CtaExecution>(launch_, CtaIndex(next_++), findings_, place));
        skip_left_out();
    }
}

bool FunctionalCtas::advance(std::uint64_t warp_instructions, std::optional<Cycle> now) {
    now_ = now;
    std::size_t idle = 0;  // CTAs in a row that could not go on
    for (const std::uint64_t end = result_.warp_instructions + warp_instructions; result_.warp_instructions < end;) {
        start_ctas();
        if (resident_.empty()) return true;
        if (idle == resident_.size()) return false;
        if (turn_ >= resident_.size()) turn_ = 0;
        CtaExecution& cta = *resident_[turn_];
        idle = run_cta(cta) ? 0 : idle + 1;
        if (cta.ended()) {
            resident_.erase(resident_.begin() + static_cast<std::ptrdiff_t>(turn_));
        } else {
            ++turn_;
        }
    }
    return true;
}

void FunctionalCtas::finish() {
    while (!ended()) {
        if (!advance(std::uint64_t{turn} * turn, now_)) throw KernelFault(describe_deadlock(launch_, resident_));
    }
}

bool FunctionalCtas::ended() const {
    return next_ >= launch_.ctas() && resident_.empty();
}

bool FunctionalCtas::run_cta(CtaExecution& cta) {
    bool progress = false;
    for (std::uint32_t i = 0; i < cta.warps(); ++i) progress = run_warp(cta.warp(i)) || progress;
    return progress;
}

bool FunctionalCtas::run_warp(WarpExecution& warp) {
    std::uint32_t executed = 0;
    while (executed < turn && !warp.ended() && !warp.waits_at_barrier()) {
        const WarpStep& step = warp.next();
        ++result_.executed[step.number];
        ++result_.warp_instructions;
        result_.thread_instructions += static_cast<std::uint64_t>(std::popcount(step.active));
        warp.execute(now_.value_or(Cycle(result_.warp_instructions)));
        ++executed;
    }
    if (result_.warp_instructions > options_.max_warp_instructions) report_limit(warp);
    return executed > 0;
}

void FunctionalCtas::report_limit(const WarpExecution& warp) const {
    throw KernelFault(fmt::format("kernel {} has executed {} warp instructions, the limit, and has not ended{}",
                                  launch_.kernel->ptx().name, options_.max_warp_instructions,
                                  warp.ended() ? "" : "; a warp stands at " + where(warp)));
}

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
    FunctionalCtas ctas(launch, findings, options);
    ctas.finish();
    return ctas.result();
}

}  // namespace stcsim
