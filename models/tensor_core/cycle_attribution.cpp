#include "tensor_core/cycle_attribution.h"

#include <algorithm>

#include "base/error.h"

namespace stcsim {

namespace {

constexpr std::size_t initial_causes = 16;

}  // namespace

CycleAttribution::CycleAttribution() : causes_(initial_causes) {
    causes_.push_back({Cycle(0), TensorCoreState::tail});
}

void CycleAttribution::forget_old_causes() {
    while (causes_.size() > 1 && causes_[1].from + remembered <= attributed_) causes_.pop_front();
}

void CycleAttribution::note_scheduler_cause(Cycle from, TensorCoreState cause) {
    forget_old_causes();
    if (causes_.back().from == from) {
        causes_.back().state = cause;
    } else if (causes_.back().state != cause) {
        if (causes_.full()) causes_.set_capacity(2 * causes_.capacity());
        causes_.push_back({from, cause});
    }
}

void CycleAttribution::attribute_to_scheduler(Cycle from, Cycle to) {
    while (from < to) {
        while (causes_.size() > 1 && causes_[1].from <= from) causes_.pop_front();
        const Cycle until = causes_.size() > 1 ? std::min(to, causes_[1].from) : to;
        account_[causes_.front().state] += until - from;
        from = until;
    }
}

void CycleAttribution::note_execution(const TensorOperation& operation, Cycle start, Cycle steps, Cycle held) {
    STCSIM_ASSERT(start >= attributed_ && held >= steps);
    forget_old_causes();
    Cycle idle = start - attributed_;
    const auto attribute = [&](TensorCoreState state, Cycle wait) {
        const Cycle part = std::min(wait, idle);
        account_[state] += part;
        idle -= part;
    };
    attribute(TensorCoreState::metadata, operation.metadata_wait);
    attribute(TensorCoreState::operands, operation.operand_wait);
    // Had it been issued earlier by `idle` cycles, the array would not have been idle: look at what kept the scheduler.
    attribute_to_scheduler(operation.issued > idle ? operation.issued - idle : Cycle(0), operation.issued);
    if (idle > operation.issued) account_[TensorCoreState::tail] += idle - operation.issued;
    account_[TensorCoreState::busy] += steps;
    account_[TensorCoreState::metadata] += held - steps;
    attributed_ = start + held;
}

void CycleAttribution::finish(Cycle end) {
    STCSIM_ASSERT(end >= attributed_);
    forget_old_causes();
    attribute_to_scheduler(attributed_, end);
    attributed_ = end;
}

void CycleAttribution::visit_state(StateVisitor& state) {
    forget_old_causes();
    state.moment(attributed_);
    state.same(causes_.size());
    // Since when the oldest cause has been one does not matter, unless it is yet to come.
    state.due(causes_.front().from);
    for (const Cause& cause : causes_) {
        if (&cause != &causes_.front()) state.moment(cause.from);
        state.same(cause.state);
    }
}

}  // namespace stcsim
