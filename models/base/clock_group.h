/// Clocks that run in turn, a few cycles at a time: temporal decoupling with exact results.
///
/// The parts of a machine that only exchange messages with a delay of at least `quantum` cycles can run that many
/// cycles one after the other instead of in step: nothing one of them does can be seen by another in the same quantum.
/// The results are the same to the cycle; a part's state stays in the processor's caches while it runs. SystemC's time
/// is the beginning of the quantum; each clock's own time runs ahead of it by less than the quantum.
#pragma once

#include <cstdint>
#include <vector>

#include "base/systemc.h"
#include "base/units.h"

namespace stcsim {

class Clock;
class StateVisitor;

class ClockGroup : public sc_core::sc_module {
  public:
    /// `quantum`: the smallest delay between modules of different clocks, at least 1.
    ClockGroup(const sc_core::sc_module_name& name, Cycle quantum);

    [[nodiscard]] Cycle quantum() const { return quantum_; }
    /// Rethrows what an evaluation of any of the clocks threw.
    void rethrow_failure() const;
    /// Evaluations of all the clocks.
    [[nodiscard]] std::uint64_t evaluations() const;
    /// The state of all the clocks. They have not reached the same cycle, but what one has done ahead of the others
    /// they cannot see yet: together it is a state of the machine.
    void visit_state(StateVisitor& state);
    /// The latest cycle any of the clocks has reached.
    [[nodiscard]] Cycle now() const;

  private:
    friend class Clock;
    struct Member {
        std::uint32_t rank;
        Clock* clock;
    };

    void add(Clock& clock, std::uint32_t rank);
    void start_of_simulation() override;
    void run_quantum();

    Cycle quantum_;
    std::vector<Member> members_;  ///< by rank once the simulation has started
    bool failed_ = false;
    sc_core::sc_event quantum_event_;
};

}  // namespace stcsim
