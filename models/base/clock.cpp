#include "base/clock.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/clock_group.h"
#include "base/error.h"

namespace stcsim {

Clock::Clock(const sc_core::sc_module_name& name) : sc_module(name), group_(nullptr) {
    calendar_.fill(no_node);
    SC_HAS_PROCESS(Clock);
    SC_METHOD(start_alone);
    sensitive << start_event_;
    dont_initialize();
}

Clock::Clock(const sc_core::sc_module_name& name, ClockGroup& group, ClockSide side, std::uint32_t rank)
    : sc_module(name), group_(&group) {
    calendar_.fill(no_node);
    group.add({.side = side, .rank = rank, .clock = this});
}

void Clock::shuffle_evaluations(std::uint64_t seed) {
    shuffle_ = seed != 0;
    random_.seed(seed);
}

void Clock::fail(std::exception_ptr failure) {
    if (!failure_) failure_ = std::move(failure);
    if (group_ != nullptr) group_->failed_ = true;
}

void Clock::rethrow_failure() const {
    if (failure_) std::rethrow_exception(failure_);
}

void Clock::wake(ClockedModule& module, Cycle at) {
    STCSIM_ASSERT(at > now_ || !started_);
    if (at - now_ < Cycle(buckets)) {
        add_to_calendar(module, at);
    } else {
        far_wakes_.emplace(at, &module);
    }
    if (group_ == nullptr && !in_cycle_) schedule_alone(at);
}

void Clock::wake_from_outside(ClockedModule& module, Cycle at) {
    const std::lock_guard lock(outside_mutex_);
    outside_wakes_.emplace_back(&module, at);
}

void Clock::take_outside_wakes() {
    for (const auto& [module, at] : outside_wakes_) module->wake_at(at);
    outside_wakes_.clear();
}

void Clock::add_to_calendar(ClockedModule& module, Cycle at) {
    std::uint32_t node = free_node_;
    if (node == no_node) {
        node = static_cast<std::uint32_t>(nodes_.size());
        nodes_.emplace_back();
    } else {
        free_node_ = nodes_[node].next;
    }
    const std::size_t bucket = at.value() % buckets;
    nodes_[node] = {&module, calendar_[bucket]};
    calendar_[bucket] = node;
    occupied_[bucket / 64] |= std::uint64_t{1} << (bucket % 64);
}

void Clock::move_far_wakes() {
    while (!far_wakes_.empty() && far_wakes_.begin()->first - now_ < Cycle(buckets)) {
        add_to_calendar(*far_wakes_.begin()->second, far_wakes_.begin()->first);
        far_wakes_.erase(far_wakes_.begin());
    }
}

Cycle Clock::next_occupied() const {
    const Cycle first = started_ ? now_ + Cycle(1) : now_;
    const std::size_t start = first.value() % buckets;
    Cycle next = far_wakes_.empty() ? never : far_wakes_.begin()->first;
    for (std::size_t step = 0; step <= words; ++step) {
        const std::size_t word = (start / 64 + step) % words;
        std::uint64_t bits = occupied_[word];
        if (step == 0) bits &= ~std::uint64_t{0} << (start % 64);
        if (step == words) bits &= (std::uint64_t{1} << (start % 64)) - 1;
        if (bits == 0) continue;
        const std::size_t bucket = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        next = std::min(next, first + Cycle((bucket + buckets - start) % buckets));
        break;
    }
    return next;
}

void Clock::run_cycle(Cycle cycle) {
    now_ = cycle;
    started_ = true;
    in_cycle_ = true;
    move_far_wakes();
    const std::size_t bucket = cycle.value() % buckets;
    std::uint32_t node = std::exchange(calendar_[bucket], no_node);
    occupied_[bucket / 64] &= ~(std::uint64_t{1} << (bucket % 64));
    while (node != no_node) {
        ClockedModule& module = *nodes_[node].module;
        const std::uint32_t next = std::exchange(nodes_[node].next, free_node_);
        if (next != no_node) {
            // The state of a whole chip does not fit into the host's caches.
            const ClockedModule* const following = nodes_[next].module;
            __builtin_prefetch(following);
            __builtin_prefetch(&following->last_evaluation_);
        }
        free_node_ = std::exchange(node, next);
        if (shuffle_) {
            shuffled_.push_back(&module);
        } else {
            evaluate(module);
        }
    }
    if (shuffle_) {
        std::ranges::shuffle(shuffled_, random_);
        for (ClockedModule* module : shuffled_) evaluate(*module);
        shuffled_.clear();
    }
    in_cycle_ = false;
    if (std::exchange(marked_, false) && observer_ != nullptr && !failure_) {
        try {
            observer_->cycle_ended(now_);
        } catch (...) {
            fail(std::current_exception());
        }
    }
}

void Clock::evaluate(ClockedModule& module) {
    if (module.last_evaluation_ == now_) return;  // woken twice for this cycle
    module.last_evaluation_ = now_;
    ++evaluations_;
    // SystemC would turn the exception into a report of its own and lose the type.
    try {
        module.evaluate(now_);
    } catch (...) {
        fail(std::current_exception());
    }
}

void Clock::run_until(Cycle limit) {
    take_outside_wakes();
    for (Cycle next = next_occupied(); next < limit && !failure_; next = next_occupied()) run_cycle(next);
}

void Clock::schedule_alone(Cycle at) {
    if (at >= next_alone_) return;
    next_alone_ = at;
    const Cycle elapsed(sc_core::sc_time_stamp().value());
    start_event_.notify(sc_core::sc_time::from_value((at - elapsed).value()));
}

void Clock::start_alone() {
    next_alone_ = never;
    if (failure_) return;
    run_cycle(Cycle(sc_core::sc_time_stamp().value()));
    if (const Cycle next = next_occupied(); next != never) schedule_alone(next);
}

void Clock::visit_state(StateVisitor& state) {
    for (ClockedModule* const module : modules_) {
        if (state.is_hopeless()) return;
        module->visit_state(state);
        for (StateHolder* const channel : module->outputs_) channel->visit_state(state);
    }
    visit_wakes(state);
}

void Clock::visit_wakes(StateVisitor& state) const {
    std::vector<std::pair<Cycle, std::uint32_t>> wakes;
    for (const auto& [at, module] : far_wakes_) wakes.emplace_back(at, module->number_);
    for (const auto& [module, at] : outside_wakes_) wakes.emplace_back(at, module->number_);
    const std::uint64_t first = now_.value() + 1;
    for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
        const Cycle at(first + (bucket + buckets - first % buckets) % buckets);
        for (std::uint32_t node = calendar_[bucket]; node != no_node; node = nodes_[node].next) {
            wakes.emplace_back(at, nodes_[node].module->number_);
        }
    }
    // A module may have asked twice for a cycle, and in whatever order.
    std::ranges::sort(wakes);
    wakes.erase(std::unique(wakes.begin(), wakes.end()), wakes.end());
    for (const auto& [at, number] : wakes) state.wake(at, number);
}

ClockedModule::ClockedModule(const sc_core::sc_module_name& name, Clock& clock)
    : sc_module(name), clock_(clock), number_(static_cast<std::uint32_t>(clock.modules_.size())) {
    clock.modules_.push_back(this);
}

}  // namespace stcsim
