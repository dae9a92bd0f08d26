#include "base/clock_group.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"

namespace stcsim {

ClockGroup::ClockGroup(const sc_core::sc_module_name& name, const ShortestDelays& delays, std::uint32_t threads)
    : sc_module(name), delays_(delays), threads_(threads) {
    STCSIM_ASSERT(delays.there > Cycle(0) && delays.back > Cycle(0));
    SC_HAS_PROCESS(ClockGroup);
    SC_METHOD(run_round);
    sensitive << round_event_;
}

void ClockGroup::add(const Member& member) {
    members_.push_back(member);
}

void ClockGroup::start_of_simulation() {
    std::ranges::sort(members_, [](const Member& a, const Member& b) {
        return a.side != b.side ? a.side == ClockSide::second : a.rank < b.rank;
    });
    second_side_ = static_cast<std::size_t>(std::ranges::count(members_, ClockSide::second, &Member::side));
}

void ClockGroup::run_round() {
    const Cycle present(sc_core::sc_time_stamp().value());
    const Cycle second_limit = present + delays_.there;
    const Cycle first_limit = second_limit + delays_.back;
    for (std::size_t i = 0; i < second_side_; ++i) members_[i].clock->run_until(second_limit);
    if (failed_) return;
    threads_.run([&](std::uint32_t thread) { run_first_side(thread, first_limit); });
    if (failed_) return;
    for (std::size_t i = 0; i < second_side_; ++i) members_[i].clock->take_outside_wakes();
    Cycle next = never;
    for (const Member& member : members_) next = std::min(next, member.clock->next_occupied());
    // The second side's next cycle may be one that the first side has run through already.
    if (next != never) {
        round_event_.notify(sc_core::sc_time::from_value((std::max(next, first_limit) - present).value()));
    }
}

void ClockGroup::run_first_side(std::uint32_t thread, Cycle limit) {
    for (std::size_t i = second_side_ + thread; i < members_.size(); i += threads_.members()) {
        members_[i].clock->run_until(limit);
    }
}

void ClockGroup::rethrow_failure() const {
    for (const Member& member : members_) member.clock->rethrow_failure();
}

std::uint64_t ClockGroup::evaluations() const {
    std::uint64_t sum = 0;
    for (const Member& member : members_) sum += member.clock->evaluations();
    return sum;
}

void ClockGroup::visit_state(StateVisitor& state) {
    for (const Member& member : members_) member.clock->visit_state(state);
}

Cycle ClockGroup::now() const {
    Cycle latest{0};
    for (const Member& member : members_) latest = std::max(latest, member.clock->now());
    return latest;
}

}  // namespace stcsim
