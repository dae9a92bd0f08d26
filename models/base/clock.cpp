#include "base/clock.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/error.h"

namespace stcsim {

Clock::Clock(const sc_core::sc_module_name& name) : sc_module(name) {
    SC_HAS_PROCESS(Clock);
    SC_METHOD(tick);
    sensitive << tick_event_;
    dont_initialize();
}

void Clock::shuffle_evaluations(std::uint64_t seed) {
    shuffle_ = seed != 0;
    random_.seed(seed);
}

void Clock::wake(ClockedModule& module, Cycle at) {
    STCSIM_ASSERT(at > now_ || now_ == Cycle(0));
    if (at - now_ < Cycle(buckets)) {
        const std::size_t bucket = at.value() % buckets;
        calendar_[bucket].push_back(&module);
        occupied_[bucket / 64] |= std::uint64_t{1} << (bucket % 64);
    } else {
        far_wakes_.emplace(at, &module);
    }
    if (at < next_tick_) schedule_tick(at);
}

void Clock::schedule_tick(Cycle at) {
    next_tick_ = at;
    const Cycle elapsed(sc_core::sc_time_stamp().value());
    tick_event_.notify(sc_core::sc_time::from_value((at - elapsed).value()));
}

void Clock::move_far_wakes() {
    while (!far_wakes_.empty() && far_wakes_.begin()->first - now_ < Cycle(buckets)) {
        const auto [at, module] = *far_wakes_.begin();
        far_wakes_.erase(far_wakes_.begin());
        const std::size_t bucket = at.value() % buckets;
        calendar_[bucket].push_back(module);
        occupied_[bucket / 64] |= std::uint64_t{1} << (bucket % 64);
    }
}

Cycle Clock::next_occupied() const {
    const std::size_t start = (now_.value() + 1) % buckets;
    for (std::size_t step = 0; step <= words; ++step) {
        const std::size_t word = (start / 64 + step) % words;
        std::uint64_t bits = occupied_[word];
        if (step == 0) bits &= ~std::uint64_t{0} << (start % 64);
        if (step == words) bits &= (std::uint64_t{1} << (start % 64)) - 1;
        if (bits == 0) continue;
        const std::size_t bucket = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
        return now_ + Cycle(1) + Cycle((bucket + buckets - start) % buckets);
    }
    return never;
}

void Clock::fail(std::exception_ptr failure) {
    if (!failure_) failure_ = std::move(failure);
}

void Clock::rethrow_failure() const {
    if (failure_) std::rethrow_exception(failure_);
}

void Clock::tick() {
    if (failure_) return;
    now_ = Cycle(sc_core::sc_time_stamp().value());
    next_tick_ = never;
    move_far_wakes();

    const std::size_t bucket = now_.value() % buckets;
    auto& modules = calendar_[bucket];
    if (shuffle_) std::shuffle(modules.begin(), modules.end(), random_);
    evaluations_ += modules.size();
    for (ClockedModule* module : modules) module->wake_.notify(sc_core::SC_ZERO_TIME);
    modules.clear();
    occupied_[bucket / 64] &= ~(std::uint64_t{1} << (bucket % 64));

    Cycle next = next_occupied();
    if (!far_wakes_.empty()) next = std::min(next, far_wakes_.begin()->first);
    if (next != never) schedule_tick(next);
}

ClockedModule::ClockedModule(const sc_core::sc_module_name& name, Clock& clock) : sc_module(name), clock_(clock) {
    using SC_CURRENT_USER_MODULE = ClockedModule;
    SC_METHOD(run);
    sensitive << wake_;
    dont_initialize();
}

void ClockedModule::run() {
    // SystemC would turn the exception into a report of its own and lose the type.
    try {
        evaluate(clock_.now());
    } catch (...) {
        clock_.fail(std::current_exception());
    }
}

}  // namespace stcsim
