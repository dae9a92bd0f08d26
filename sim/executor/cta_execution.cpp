#include "executor/cta_execution.h"

#include <bit>

#include "base/error.h"
#include "executor/shared_shadow.h"

namespace stcsim {

CtaExecution::CtaExecution(const KernelLaunch& launch, CtaIndex cta, FindingSink& findings, const CtaPlace& place)
    : launch_(&launch), index_(cta), findings_(&findings), place_(place), shared_(launch.shared_bytes()) {
    if (findings.watches()) shadow_ = std::make_unique<SharedShadow>(shared_.size());
    live_warps_ = launch.warps_per_cta();
    warps_.reserve(live_warps_);
    for (std::uint32_t i = 0; i < live_warps_; ++i) warps_.push_back(std::make_unique<WarpExecution>(*this, i));
}

CtaExecution::~CtaExecution() = default;

void CtaExecution::arrive(const Arrival& arrival) {
    STCSIM_ASSERT(arrival.barrier < barriers_.size());
    Barrier& barrier = barriers_[arrival.barrier];
    barrier.arrived += warp_lanes;
    if (arrival.threads != 0) barrier.expected = arrival.threads;
    release_if_complete(arrival.barrier);
}

void CtaExecution::contribute(std::uint8_t barrier, std::uint32_t lanes, std::uint32_t holding) {
    barriers_[barrier].participants += static_cast<std::uint32_t>(std::popcount(lanes));
    barriers_[barrier].holding += static_cast<std::uint32_t>(std::popcount(holding));
}

void CtaExecution::release_if_complete(std::uint8_t number) {
    Barrier& barrier = barriers_[number];
    const std::uint32_t all = live_warps_ * warp_lanes;
    const std::uint32_t expected = barrier.expected == 0 ? all : barrier.expected;
    if (barrier.arrived == 0 || barrier.arrived < expected) return;
    const Barrier complete = barrier;
    barrier = {};
    synchronise_memory();
    for (const auto& warp : warps_) warp->release(number, complete.participants, complete.holding);
}

void CtaExecution::synchronise_memory() {
    if (shadow_) shadow_->synchronise();
}

void CtaExecution::warp_ended() {
    STCSIM_ASSERT(live_warps_ > 0);
    --live_warps_;
    for (std::uint8_t number = 0; number < barriers_.size(); ++number) release_if_complete(number);
}

}  // namespace stcsim
