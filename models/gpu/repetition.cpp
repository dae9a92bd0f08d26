#include "gpu/repetition.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace stcsim {
namespace {

/// States that are kept to be compared with: longer periods are not found.
constexpr std::size_t most_boundaries = 256;

std::uint64_t hash_of(const MachineState& state) {
    std::uint64_t hash = state.words.size();
    for (const auto* const part : {&state.words, &state.wakes}) {
        for (const std::uint64_t word : *part) {
            hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
            hash ^= hash >> 32U;
        }
    }
    return hash;
}

/// What each advancing number gains from one state to an equal one.
std::vector<std::uint64_t> steps_between(const MachineState& earlier, const MachineState& later) {
    STCSIM_ASSERT(earlier.advancing.size() == later.advancing.size());
    std::vector<std::uint64_t> steps;
    for (std::size_t i = 0; i < earlier.advancing.size(); ++i) {
        steps.push_back(later.advancing[i].value - earlier.advancing[i].value);
    }
    return steps;
}

/// How many more times the numbers can make these steps.
std::uint64_t repetitions(const MachineState& state, const std::vector<std::uint64_t>& steps) {
    std::uint64_t most = StateVisitor::no_end;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const auto& [value, last] = state.advancing[i];
        if (steps[i] == 0 || last == StateVisitor::no_end) continue;
        most = std::min(most, (last - value) / steps[i]);
    }
    return most == StateVisitor::no_end ? 0 : most;
}

}  // namespace

Repetition::Repetition(ClockGroup& clocks, const AddressUnits& units, std::function<WorkDone()> work_done)
    : clocks_(clocks), units_(units), work_done_(std::move(work_done)) {}

MachineState Repetition::state_at(Cycle now) {
    MachineState state;
    StateVisitor visitor(state, now, units_);
    clocks_.visit_state(visitor);
    recorded_words_ += state.words.size() + state.wakes.size() + state.advancing.size();
    return state;
}

bool Repetition::may_look() const {
    return recorded_words_ <= first_words + clocks_.evaluations() / evaluations_per_word;
}

void Repetition::cycle_ended(Cycle now) {
    if (period_) {
        if (now < period_->end) return;
        STCSIM_ASSERT(now == period_->end);
        end_period();
    } else if (may_look()) {
        look_for_period(now);
    }
}

void Repetition::look_for_period(Cycle now) {
    MachineState state = state_at(now);
    if (!state.repeats) {
        boundaries_.clear();
        return;
    }
    const std::uint64_t hash = hash_of(state);
    const auto found = boundaries_.find(hash);
    if (found == boundaries_.end()) {
        if (boundaries_.size() == most_boundaries) boundaries_.clear();
        boundaries_.emplace(hash, Boundary{.at = now, .state = std::move(state)});
        return;
    }
    const Boundary& earlier = found->second;
    if (earlier.state.words != state.words || earlier.state.wakes != state.wakes) return;
    // One period is for looking at what it adds, and at least one must be left to be skipped.
    if (repetitions(state, steps_between(earlier.state, state)) < 2) return;
    period_ = Period{.begin = now, .end = now + (now - earlier.at), .state = std::move(state), .before = work_done_()};
}

void Repetition::end_period() {
    const Period period = *std::exchange(period_, std::nullopt);
    const MachineState state = state_at(period.end);
    // The machine is the same again, but the clocks may have come to it in other quanta: then what one has done ahead
    // of the others differs, and the numbers are not in the same order.
    if (state.words != period.state.words) return;
    std::vector<std::uint64_t> steps = steps_between(period.state, state);
    const std::uint64_t times = repetitions(state, steps);
    for (std::uint64_t& step : steps) step *= times;
    StateVisitor mover(steps);
    clocks_.visit_state(mover);

    WorkDone added = work_done_();
    added.counters.subtract(period.before.counters);
    skipped_.cycles += times * (period.end - period.begin);
    for (std::size_t i = 0; i < tensor_core_states; ++i) {
        skipped_.account.cycles[i] += times * (added.account.cycles[i] - period.before.account.cycles[i]);
    }
    skipped_.counters.add(added.counters, times);
    boundaries_.clear();
}

}  // namespace stcsim
