/// Clocks that run in turn, many cycles at a time: temporal decoupling with exact results.
///
/// The clocks of a group have two sides: those of one only exchange messages with those of the other. If every message
/// takes at least `there` cycles from the first side to the second and `back` cycles from the second to the first, what
/// a clock does cannot be seen on its own side sooner than after `there + back` cycles. So in a round that begins in
/// cycle t the second side runs up to t + there, for which all messages are known, and then each clock of the first
/// side up to t + there + back, one after the other: a part's state stays in the processor's caches while it runs. Or
/// several threads share the clocks of the first side. The results are the same to the cycle. SystemC's time is the
/// beginning of the round; each clock's own time is within a round of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/systemc.h"
#include "base/thread_team.h"
#include "base/units.h"

namespace stcsim {

class Clock;
class StateVisitor;

/// A clock's side of its group.
enum class ClockSide : std::uint8_t { first, second };

/// The shortest delays of messages between the sides, each at least 1.
struct ShortestDelays {
    Cycle there;  ///< from the first side to the second
    Cycle back;   ///< from the second side to the first
};

class ClockGroup : public sc_core::sc_module {
  public:
    /// With more than one thread, what the modules of different clocks share apart from channels must bear that.
    ClockGroup(const sc_core::sc_module_name& name, const ShortestDelays& delays, std::uint32_t threads = 1);

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
        ClockSide side;
        std::uint32_t rank;
        Clock* clock;
    };

    void add(const Member& member);
    void start_of_simulation() override;
    void run_round();
    /// Every `threads`-th clock of the first side, from the `thread`-th on: a clock always runs in the same thread.
    void run_first_side(std::uint32_t thread, Cycle limit);

    ShortestDelays delays_;
    std::vector<Member> members_;  ///< once the simulation has started: the second side first, each side by rank
    std::size_t second_side_ = 0;  ///< its clocks
    std::atomic<bool> failed_ = false;
    ThreadTeam threads_;
    sc_core::sc_event round_event_;
};

}  // namespace stcsim
