/// One CTA of a running kernel: its shared memory, its barriers and its warps.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "executor/finding.h"
#include "executor/kernel_launch.h"
#include "executor/suspicions.h"
#include "executor/warp_execution.h"

namespace stcsim {

class SharedShadow;

/// What tells CTAs and SMs apart in special registers, where a model of time knows better than a functional run.
struct CtaPlace {
    std::uint32_t sm = 0;
    std::uint32_t sms = 1;
};

class CtaExecution {
  public:
    /// Launch and findings must outlive the CTA.
    CtaExecution(const KernelLaunch& launch, CtaIndex cta, FindingSink& findings, const CtaPlace& place = {});
    ~CtaExecution();
    CtaExecution(const CtaExecution&) = delete;
    CtaExecution& operator=(const CtaExecution&) = delete;

    [[nodiscard]] std::uint32_t warps() const { return static_cast<std::uint32_t>(warps_.size()); }
    [[nodiscard]] WarpExecution& warp(std::uint32_t i) { return *warps_[i]; }
    /// Whether every warp has ended.
    [[nodiscard]] bool ended() const { return live_warps_ == 0; }

    [[nodiscard]] const KernelLaunch& launch() const { return *launch_; }
    [[nodiscard]] CtaIndex index() const { return index_; }
    [[nodiscard]] const CtaPlace& place() const { return place_; }
    [[nodiscard]] FindingSink& findings() { return *findings_; }
    [[nodiscard]] std::vector<std::byte>& shared() { return shared_; }
    [[nodiscard]] Suspicions& suspicions() { return suspicions_; }
    /// Null if findings are off.
    [[nodiscard]] SharedShadow* shadow() { return shadow_.get(); }

    // For warps and the handlers of their instructions.
    struct Arrival {
        std::uint8_t barrier = 0;
        std::uint32_t threads = 0;  ///< expected; 0: all of the CTA
    };
    /// A warp arrives at a barrier: the last one releases those that wait there.
    void arrive(const Arrival& arrival);
    /// bar.red: lanes that take part and lanes whose predicate holds.
    void contribute(std::uint8_t barrier, std::uint32_t lanes, std::uint32_t holding);
    void warp_ended();
    /// For findings: what the warps did to shared memory is ordered before what they do from now on.
    void synchronise_memory();

  private:
    struct Barrier {
        std::uint32_t arrived = 0;   ///< threads, whole warps
        std::uint32_t expected = 0;  ///< as the arrivals say; 0: all
        std::uint32_t participants = 0;
        std::uint32_t holding = 0;
    };

    void release_if_complete(std::uint8_t number);

    const KernelLaunch* launch_;
    CtaIndex index_;
    FindingSink* findings_;
    CtaPlace place_;
    std::vector<std::byte> shared_;
    std::unique_ptr<SharedShadow> shadow_;
    Suspicions suspicions_;
    std::array<Barrier, 16> barriers_;
    std::uint32_t live_warps_ = 0;
    std::vector<std::unique_ptr<WarpExecution>> warps_;
};

}  // namespace stcsim
