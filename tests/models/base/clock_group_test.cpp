#include "base/clock_group.h"

#include <deque>
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

/// When two relays with these delays have the token, in a group that knows of these shortest delays.
std::map<int, std::vector<Cycle>> token_times(const ShortestDelays& shortest, Cycle there, Cycle back) {
    SimulationContext context;
    ClockGroup group("group", shortest);
    Clock left_clock("left_clock", group, ClockSide::first, 0);
    Clock right_clock("right_clock", group, ClockSide::second, 0);
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

TEST(ClockGroup, ResultsDoNotDependOnTheLengthOfARound) {
    rc::check([] {
        const Cycle there(*rc::gen::inRange<std::uint64_t>(30, 2000));
        const Cycle back(*rc::gen::inRange<std::uint64_t>(30, 2000));
        const ShortestDelays shortest{.there = Cycle(*rc::gen::inRange<std::uint64_t>(1, 31)),
                                      .back = Cycle(*rc::gen::inRange<std::uint64_t>(1, 31))};
        RC_ASSERT(token_times(shortest, there, back) == token_times({Cycle(1), Cycle(1)}, there, back));
    });
}

TEST(ClockGroup, ATokenArrivesAfterTheSumOfTheDelays) {
    const auto times = token_times({Cycle(10), Cycle(25)}, Cycle(10), Cycle(25));
    EXPECT_EQ(times.at(1).at(0), Cycle(10));
    EXPECT_EQ(times.at(0).at(1), Cycle(35));
    EXPECT_EQ(times.at(1).at(1), Cycle(45));
}

/// When relays of the first side, with a clock each, have their tokens, which relays of one clock send back.
std::vector<std::vector<Cycle>> times_of_many(std::uint32_t threads) {
    constexpr std::uint32_t pairs = 7;
    SimulationContext context;
    ClockGroup group("group", {Cycle(5), Cycle(9)}, threads);
    Clock common_clock("common_clock", group, ClockSide::second, 0);
    std::deque<Clock> clocks;
    std::deque<Relay> left;
    std::deque<Relay> right;
    std::deque<RegisteredChannel<int>> channels;
    for (std::uint32_t i = 0; i < pairs; ++i) {
        clocks.emplace_back(sc_core::sc_gen_unique_name("clock"), group, ClockSide::first, i);
        left.emplace_back(sc_core::sc_gen_unique_name("left"), clocks.back(), Cycle(5 + i % 3), 500, true);
        right.emplace_back(sc_core::sc_gen_unique_name("right"), common_clock, Cycle(9 + i % 2), 500, false);
        RegisteredChannel<int>& forth = channels.emplace_back(sc_core::sc_gen_unique_name("forth"), clocks.back(), 100);
        RegisteredChannel<int>& home = channels.emplace_back(sc_core::sc_gen_unique_name("home"), common_clock, 100);
        left.back().output.bind(forth);
        right.back().input.bind(forth);
        right.back().output.bind(home);
        left.back().input.bind(home);
    }
    while (context.run_for(Cycle(1000))) {
    }
    group.rethrow_failure();
    std::vector<std::vector<Cycle>> times;
    for (const auto& side : {&left, &right}) {
        for (const Relay& relay : *side) times.push_back(relay.seen());
    }
    return times;
}

TEST(ClockGroup, ResultsDoNotDependOnTheNumberOfThreads) {
    const auto alone = times_of_many(1);
    ASSERT_EQ(alone.front().size(), 501U);
    for (const std::uint32_t threads : {2U, 3U, 7U, 9U}) EXPECT_EQ(times_of_many(threads), alone) << threads;
}

TEST(ClockGroup, AnExceptionOfAnyClockStopsAllAndKeepsItsType) {
    class Failing : public ClockedModule {
      public:
        Failing(const sc_core::sc_module_name& name, Clock& clock) : ClockedModule(name, clock) { wake_at(Cycle(5)); }

      private:
        void evaluate(Cycle) override { throw InputError({}, "this", "that"); }
    };
    SimulationContext context;
    ClockGroup group("group", {Cycle(4), Cycle(2)});
    Clock first("first", group, ClockSide::second, 0);
    Clock second("second", group, ClockSide::first, 0);
    Failing failing("failing", second);
    while (context.run_for(Cycle(1000))) {
    }
    EXPECT_THROW(group.rethrow_failure(), InputError);
}

}  // namespace
}  // namespace stcsim
