/// CtaScheduler: hands the CTAs of a launch to SMs.
///
/// Overview: in launch order, one CTA every `launch_interval` cycles, to the SM with the most free slots (the first of
/// them), so that CTAs spread over the SMs before they double up; a CTA's first instruction can issue `launch_latency`
/// cycles after the hand-out. An SM that ends a CTA gets the next one. The CTAs of a second launch
/// (isa/instruction_stream.h) wait until all before them have ended, and `launch_gap` cycles more.
/// Parameters: CtaSchedulerParameters.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/counters.h"
#include "base/registered_channel.h"
#include "gpu/gpu_parameters.h"
#include "sm/sm_messages.h"

namespace stcsim {

/// Which CTAs of the grid are run: every `stride`-th from the first on, or all but those. `count` is how many.
struct CtaSelection {
    std::uint64_t stride = 1;
    bool all_others = false;
    std::uint64_t count = 0;

    /// The CTA that is launched as number `i`.
    [[nodiscard]] CtaIndex at(std::uint64_t i) const {
        return CtaIndex(all_others ? i + i / (stride - 1) + 1 : i * stride);
    }
};

/// The CTAs of a grid of `ctas` that `selection`, every stride-th, leaves out.
CtaSelection rest_of(const CtaSelection& selection, std::uint64_t ctas);

class CtaScheduler : public ClockedModule {
  public:
    CtaScheduler(const sc_core::sc_module_name& name, Clock& clock, const CtaSchedulerParameters& parameters,
                 std::uint32_t sms, std::uint32_t slots_per_sm, CtaSelection selection, CtaIndex second_launch);

    std::deque<WritePort<CtaLaunch>> launches;  ///< per SM
    std::deque<ReadPort<CtaDone>> done;         ///< per SM

    [[nodiscard]] std::uint64_t finished() const { return finished_; }
    [[nodiscard]] bool all_finished() const { return finished_ == selection_.count; }
    /// The cycle in which the last CTA so far was reported finished.
    [[nodiscard]] Cycle last_finish() const { return last_finish_; }

    void visit_state(StateVisitor& state) override;

  private:
    void evaluate(Cycle now) override;

    CtaSchedulerParameters parameters_;
    CtaSelection selection_;
    CtaIndex second_launch_;
    bool in_second_launch_ = false;
    std::vector<std::uint32_t> free_slots_;  ///< per SM
    std::uint64_t launched_ = 0;
    std::uint64_t finished_ = 0;
    Cycle next_launch_{0};
    Cycle last_finish_{0};
};

}  // namespace stcsim
