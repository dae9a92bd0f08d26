#include "base/clock_group.h"

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"

namespace stcsim {

ClockGroup::ClockGroup(const sc_core::sc_module_name& name, Cycle quantum) : sc_module(name), quantum_(quantum) {
    STCSIM_ASSERT(quantum > Cycle(0));
    SC_HAS_PROCESS(ClockGroup);
    SC_METHOD(run_quantum);
    sensitive << quantum_event_;
}

void ClockGroup::add(Clock& clock, std::uint32_t rank) {
    members_.push_back({rank, &clock});
}

void ClockGroup::start_of_simulation() {
    std::ranges::sort(members_, {}, &Member::rank);
}

void ClockGroup::run_quantum() {
    const Cycle present(sc_core::sc_time_stamp().value());
    Cycle next = never;
    for (const Member& member : members_) {
        member.clock->run_until(present + quantum_);
        if (failed_) return;
    }
    for (const Member& member : members_) next = std::min(next, member.clock->next_occupied());
    if (next != never) quantum_event_.notify(sc_core::sc_time::from_value((next - present).value()));
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
