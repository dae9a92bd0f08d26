#include "gpu/cta_scheduler.h"

#include <algorithm>

namespace stcsim {

CtaSelection rest_of(const CtaSelection& selection, std::uint64_t ctas) {
    STCSIM_ASSERT(!selection.all_others);
    return {.stride = selection.stride, .all_others = true, .count = ctas - selection.count};
}

CtaScheduler::CtaScheduler(const sc_core::sc_module_name& name, Clock& clock, const CtaSchedulerParameters& parameters,
                           std::uint32_t sms, std::uint32_t slots_per_sm, CtaSelection selection,
                           CtaIndex second_launch)
    : ClockedModule(name, clock),
      parameters_(parameters),
      selection_(selection),
      second_launch_(second_launch),
      free_slots_(sms, slots_per_sm) {
    for (std::uint32_t i = 0; i < sms; ++i) {
        launches.emplace_back(sc_core::sc_gen_unique_name("launches"), *this);
        done.emplace_back(sc_core::sc_gen_unique_name("done"), *this);
    }
    wake_at(Cycle(0));
}

void CtaScheduler::visit_state(StateVisitor& state) {
    state.same(in_second_launch_, launched_, finished_);
    for (const std::uint32_t slots : free_slots_) state.same(slots);
    state.due(next_launch_);
}

void CtaScheduler::evaluate(Cycle now) {
    for (std::size_t sm = 0; sm < done.size(); ++sm) {
        while (done[sm].has_item()) {
            done[sm].pop();
            ++free_slots_[sm];
            ++finished_;
            last_finish_ = now;
        }
    }
    if (launched_ == selection_.count) return;
    if (!in_second_launch_ && selection_.at(launched_) >= second_launch_) {
        if (finished_ < launched_) return;
        in_second_launch_ = true;
        next_launch_ = now + parameters_.launch_gap;
    }
    if (now < next_launch_) {
        wake_at(next_launch_);
        return;
    }
    const auto roomiest = std::ranges::max_element(free_slots_);
    if (*roomiest == 0) return;
    --*roomiest;
    const auto sm = static_cast<std::size_t>(roomiest - free_slots_.begin());
    launches[sm].push({selection_.at(launched_)}, parameters_.launch_latency);
    ++launched_;
    next_launch_ = now + parameters_.launch_interval;
    wake_at(next_launch_);
}

}  // namespace stcsim
