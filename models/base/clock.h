/// The SM clock of a simulation, and modules that sleep until they have something to do.
///
/// A module is evaluated only in the cycles it was woken for: by itself (`wake_at`) or by a channel whose state it sees
/// change. What evaluations write to channels becomes visible in later cycles only. So the order of evaluations within
/// a cycle cannot matter, and the clock can shuffle it to prove that.
///
/// The clock is the SystemC process of all its modules: it calls their `evaluate` from a calendar of cycles. A SystemC
/// process and event per module would do the same and was measured to take a third longer for a whole GPU: hundreds of
/// millions of activations, each with the kernel's own bookkeeping.
///
/// One SystemC time unit is one cycle. A clock on its own takes SystemC's time along with every cycle. Clocks in a
/// `ClockGroup` (base/clock_group.h) run in turn, many cycles at a time.
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <random>
#include <utility>
#include <vector>

#include "base/machine_state.h"
#include "base/systemc.h"
#include "base/units.h"

namespace stcsim {

class ClockedModule;
class ClockGroup;
enum class ClockSide : std::uint8_t;

/// Has state that a StateVisitor can go through.
class StateHolder {
  public:
    virtual ~StateHolder() = default;
    virtual void visit_state(StateVisitor& state) = 0;
};

/// Looks at the machine between two cycles.
class CycleObserver {
  public:
    virtual ~CycleObserver() = default;
    /// All evaluations of cycle `now` have been, and none of a later one of this clock.
    virtual void cycle_ended(Cycle now) = 0;
};

/// Wakes modules in the cycles they ask for.
class Clock : public sc_core::sc_module {
  public:
    /// A clock on its own.
    explicit Clock(const sc_core::sc_module_name& name);
    /// A clock that runs in turn with the others of the group, on its side in the order of `rank`.
    Clock(const sc_core::sc_module_name& name, ClockGroup& group, ClockSide side, std::uint32_t rank);

    /// The current cycle.
    [[nodiscard]] Cycle now() const { return now_; }
    /// Evaluates `module` in cycle `at`, which must be later than now (or 0, before the simulation starts).
    void wake(ClockedModule& module, Cycle at);
    /// The same, asked for by a module of another clock of the group, which may run in another thread.
    void wake_from_outside(ClockedModule& module, Cycle at);
    /// Evaluates the modules of each cycle in a random order from now on. 0 turns it off.
    void shuffle_evaluations(std::uint64_t seed);
    /// Keeps the first exception of an evaluation and stops the clock: nothing is evaluated in later cycles.
    void fail(std::exception_ptr failure);
    /// Rethrows what an evaluation threw, if any did. Call after the simulation has stopped.
    void rethrow_failure() const;
    /// Evaluations so far, over all modules.
    [[nodiscard]] std::uint64_t evaluations() const { return evaluations_; }
    /// From now on `observer` is called at the end of each cycle that a module has marked.
    void observe(CycleObserver& observer) { observer_ = &observer; }
    void mark_cycle() { marked_ = true; }
    /// The wakes to come and the state of all modules.
    void visit_state(StateVisitor& state);

  private:
    friend class ClockedModule;
    friend class ClockGroup;

    /// A wake-up in the calendar: a list element in `nodes_`.
    struct Node {
        ClockedModule* module;
        std::uint32_t next;
    };

    static constexpr std::size_t buckets = 512;
    static constexpr std::size_t words = buckets / 64;
    static constexpr std::uint32_t no_node = ~std::uint32_t{0};

    void start_alone();
    /// Runs the cycles before `limit` in which something is to be done.
    void run_until(Cycle limit);
    void run_cycle(Cycle cycle);
    void evaluate(ClockedModule& module);
    void add_to_calendar(ClockedModule& module, Cycle at);
    void move_far_wakes();
    /// Moves what others have asked for into the calendar. Not while they run.
    void take_outside_wakes();
    /// The next cycle after now with a wake-up, or `never`.
    [[nodiscard]] Cycle next_occupied() const;
    void schedule_alone(Cycle at);
    void visit_wakes(StateVisitor& state) const;

    ClockGroup* group_;
    std::vector<ClockedModule*> modules_;
    CycleObserver* observer_ = nullptr;
    bool marked_ = false;
    Cycle now_{0};
    bool started_ = false;      ///< whether cycle 0 has been
    bool in_cycle_ = false;     ///< modules are being evaluated
    Cycle next_alone_ = never;  ///< alone: the cycle SystemC will start us in
    sc_core::sc_event start_event_;
    std::array<std::uint32_t, buckets> calendar_;
    std::array<std::uint64_t, words> occupied_{};
    std::vector<Node> nodes_;
    std::uint32_t free_node_ = no_node;
    std::multimap<Cycle, ClockedModule*> far_wakes_;  ///< beyond the calendar
    std::mutex outside_mutex_;
    std::vector<std::pair<ClockedModule*, Cycle>> outside_wakes_;
    std::uint64_t evaluations_ = 0;
    std::exception_ptr failure_;
    std::vector<ClockedModule*> shuffled_;
    bool shuffle_ = false;
    std::mt19937_64 random_;
};

/// A module that its clock evaluates.
class ClockedModule : public sc_core::sc_module, public StateHolder {
  public:
    /// Evaluates the module in cycle `at`, later than now. Repeated requests for a cycle are one.
    void wake_at(Cycle at) {
        if (at == last_request_) return;
        last_request_ = at;
        clock_.wake(*this, at);
    }
    [[nodiscard]] Clock& clock() const { return clock_; }

    /// Everything in the module that later evaluations depend on. A module that does not say it never repeats.
    void visit_state(StateVisitor& state) override { state.never_repeats(); }
    /// `channel` is one that the module writes to: its state is visited behind the module's.
    void add_output(StateHolder& channel) { outputs_.push_back(&channel); }

  protected:
    ClockedModule(const sc_core::sc_module_name& name, Clock& clock);

    /// Reads what is visible in cycle `now`, acts, and asks to be woken again if need be. May be called
    /// in a cycle in which nothing changed for it.
    virtual void evaluate(Cycle now) = 0;

  private:
    friend class Clock;

    Clock& clock_;
    std::uint32_t number_;  ///< among the clock's modules
    std::vector<StateHolder*> outputs_;
    Cycle last_request_ = never;
    Cycle last_evaluation_ = never;
};

}  // namespace stcsim
