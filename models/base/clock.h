/// The SM clock of a simulation, and modules that sleep until they have something to do.
///
/// One SystemC time unit is one cycle. A module has one clocked process, `evaluate(now)`, which runs only in the cycles
/// it was woken for: by itself (`wake_at`) or by a channel whose state it sees change. All evaluations of a cycle happen
/// in one delta cycle, after the clock's own; what they write to channels becomes visible in later cycles only. So the
/// order of evaluations within a cycle cannot matter, and the clock can shuffle it to prove that.
///
/// Wake-ups live in a calendar of cycles, which costs a quarter of a timed SystemC notification each.
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <map>
#include <random>
#include <vector>

#include "base/systemc.h"
#include "base/units.h"

namespace stcsim {

class ClockedModule;

/// Wakes modules in the cycles they ask for. One per simulation.
class Clock : public sc_core::sc_module {
  public:
    explicit Clock(const sc_core::sc_module_name& name);

    /// The current cycle.
    [[nodiscard]] Cycle now() const { return now_; }
    /// Evaluates `module` in cycle `at`, which must be later than now.
    void wake(ClockedModule& module, Cycle at);
    /// Evaluates the modules of each cycle in a random order from now on. 0 turns it off.
    void shuffle_evaluations(std::uint64_t seed);
    /// Keeps the first exception of an evaluation and stops the clock: nothing is evaluated in later cycles.
    void fail(std::exception_ptr failure);
    /// Rethrows what an evaluation threw, if any did. Call after the simulation has stopped.
    void rethrow_failure() const;
    /// Evaluations so far, over all modules.
    [[nodiscard]] std::uint64_t evaluations() const { return evaluations_; }

  private:
    static constexpr std::size_t buckets = 4096;
    static constexpr std::size_t words = buckets / 64;

    void tick();
    void move_far_wakes();
    [[nodiscard]] Cycle next_occupied() const;
    void schedule_tick(Cycle at);

    Cycle now_{0};
    Cycle next_tick_ = never;
    sc_core::sc_event tick_event_;
    std::array<std::vector<ClockedModule*>, buckets> calendar_;
    std::array<std::uint64_t, words> occupied_{};
    std::multimap<Cycle, ClockedModule*> far_wakes_;  ///< beyond the calendar
    std::uint64_t evaluations_ = 0;
    std::exception_ptr failure_;
    bool shuffle_ = false;
    std::mt19937_64 random_;
};

/// A module with one clocked process.
class ClockedModule : public sc_core::sc_module {
  public:
    /// Evaluates the module in cycle `at`, later than now. Repeated requests for a cycle are one.
    void wake_at(Cycle at) {
        if (at == last_request_) return;
        last_request_ = at;
        clock_.wake(*this, at);
    }
    [[nodiscard]] Clock& clock() const { return clock_; }

  protected:
    ClockedModule(const sc_core::sc_module_name& name, Clock& clock);

    /// The process: reads what is visible in cycle `now`, acts, and asks to be woken again if need be. May be called
    /// in a cycle in which nothing changed for it.
    virtual void evaluate(Cycle now) = 0;

  private:
    friend class Clock;
    void run();

    Clock& clock_;
    sc_core::sc_event wake_;
    Cycle last_request_ = never;
};

}  // namespace stcsim
