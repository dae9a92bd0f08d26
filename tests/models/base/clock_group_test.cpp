#include "base/clock_group.h"

#include <map>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/registered_channel.h"
#include "base/simulation_context.h"

namespace stcsim {
namespace {

/// Passes a token on after `hold` local steps, and notes when it had it.
class Relay : public ClockedModule {
  public:
    Relay(const sc_core::sc_module_name& name, Clock& clock, Cycle delay, std::uint32_t passes, bool starts)
        : ClockedModule(name, clock),
          input("input", *this),
          output("output", *this),
          delay_(delay),
          passes_(passes),
          starts_(starts) {
        if (starts) wake_at(Cycle(0));
    }

    ReadPort<int> input;
    WritePort<int> output;
    [[nodiscard]] const std::vector<Cycle>& seen() const { return seen_; }

  private:
    void evaluate(Cycle now) override {
        const bool first = starts_ && now == Cycle(0);
        if (!first && !input.has_item()) return;
        if (!first) input.pop();
        seen_.push_back(now);
        if (seen_.size() <= passes_) output.push(0, delay_);
    }

    Cycle delay_;
    std::uint32_t passes_;
    bool starts_;
    std::vector<Cycle> seen_;
};

/// When two relays with these delays have the token, under a quantum.
std::map<int, std::vector<Cycle>> token_times(Cycle quantum, Cycle there, Cycle back) {
    SimulationContext context;
    ClockGroup group("group", quantum);
    Clock left_clock("left_clock", group, 1);
    Clock right_clock("right_clock", group, 0);
    Relay left("left", left_clock, there, 20, true);
    Relay right("right", right_clock, back, 20, false);
    RegisteredChannel<int> forth("forth", left_clock, 100);
    RegisteredChannel<int> home("home", right_clock, 100);
    left.output.bind(forth);
    right.input.bind(forth);
    right.output.bind(home);
    left.input.bind(home);
    while (context.run_for(Cycle(1000))) {
    }
    group.rethrow_failure();
    return {{0, left.seen()}, {1, right.seen()}};
}

TEST(ClockGroup, ResultsDoNotDependOnTheQuantum) {
    rc::check([] {
        const Cycle there(*rc::gen::inRange<std::uint64_t>(30, 2000));
        const Cycle back(*rc::gen::inRange<std::uint64_t>(30, 2000));
        const Cycle quantum(*rc::gen::inRange<std::uint64_t>(2, 31));
        RC_ASSERT(token_times(quantum, there, back) == token_times(Cycle(1), there, back));
    });
}

TEST(ClockGroup, ATokenArrivesAfterTheSumOfTheDelays) {
    const auto times = token_times(Cycle(10), Cycle(10), Cycle(25));
    EXPECT_EQ(times.at(1).at(0), Cycle(10));
    EXPECT_EQ(times.at(0).at(1), Cycle(35));
    EXPECT_EQ(times.at(1).at(1), Cycle(45));
}

TEST(ClockGroup, AnExceptionOfAnyClockStopsAllAndKeepsItsType) {
    class Failing : public ClockedModule {
      public:
        Failing(const sc_core::sc_module_name& name, Clock& clock) : ClockedModule(name, clock) { wake_at(Cycle(5)); }

      private:
        void evaluate(Cycle) override { throw InputError({}, "this", "that"); }
    };
    SimulationContext context;
    ClockGroup group("group", Cycle(4));
    Clock first("first", group, 0);
    Clock second("second", group, 1);
    Failing failing("failing", second);
    while (context.run_for(Cycle(1000))) {
    }
    EXPECT_THROW(group.rethrow_failure(), InputError);
}

}  // namespace
}  // namespace stcsim
