/// The state of modules and channels relative to a cycle: equal when the future is, and only then.

#include "base/machine_state.h"

#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "base/registered_channel.h"
#include "function_module.h"
#include "simulation_fixture.h"

namespace stcsim::testing {
namespace {

using Words = std::vector<std::uint64_t>;

Words words(const std::function<void(StateVisitor&)>& visit, Cycle now = Cycle(100), AddressUnits units = {}) {
    MachineState state;
    StateVisitor visitor(state, now, units);
    visit(visitor);
    return state.words;
}

TEST(MachineState, CyclesThatArePastAreAlikeWhereTheyOnlyHoldSomethingBack) {
    const auto due = [](Cycle at) { return words([=](StateVisitor& state) { state.due(at); }); };
    EXPECT_EQ(due(Cycle(3)), due(Cycle(100)));
    EXPECT_NE(due(Cycle(100)), due(Cycle(101)));
    EXPECT_NE(due(Cycle(101)), due(Cycle(102)));
    EXPECT_NE(due(never), due(Cycle(102)));
}

TEST(MachineState, IsRelativeToThePresent) {
    const auto at = [](Cycle now) {
        return words(
            [=](StateVisitor& state) {
                state.due(now + Cycle(7));
                state.moment(now - Cycle(7));
                state.moment(now + Cycle(7));
            },
            now);
    };
    EXPECT_EQ(at(Cycle(50)), at(Cycle(51)));
    const auto moment = [](Cycle cycle) { return words([=](StateVisitor& state) { state.moment(cycle); }); };
    EXPECT_NE(moment(Cycle(3)), moment(Cycle(4)));
}

TEST(MachineState, NumbersOfACountMatterByTheirDistanceToIt) {
    const auto counted = [](std::uint64_t count, std::uint64_t number) {
        return words([=](StateVisitor& state) {
            state.count_from(count);
            state.ordinal(number);
        });
    };
    EXPECT_EQ(counted(10, 8), counted(110, 108));
    EXPECT_NE(counted(10, 8), counted(10, 9));
}

TEST(MachineState, NamesOnlyTellThingsApart) {
    const auto named = [](const Words& names) {
        return words([&](StateVisitor& state) {
            for (const std::uint64_t name : names) state.identity(0, name);
        });
    };
    EXPECT_EQ(named({5, 9, 5, 2}), named({1, 2, 1, 3}));
    EXPECT_NE(named({5, 9, 5, 2}), named({5, 9, 9, 2}));
    EXPECT_NE(named({5, 9, 5, 2}), named({5, 9, 5, 9}));
}

TEST(MachineState, AddressesMatterWithinLinesAndBanks) {
    const AddressUnits units{.line = 128, .bank = 4};
    const auto global = [&](std::uint64_t address) {
        return words([&](StateVisitor& state) { state.global_address(address); }, Cycle(1), units);
    };
    EXPECT_EQ(global(64), global(64 + 128));
    EXPECT_NE(global(64), global(65));
    const auto shared = [&](std::uint64_t address) {
        return words([&](StateVisitor& state) { state.shared_address(address); }, Cycle(1), units);
    };
    EXPECT_EQ(shared(8), shared(64));
    EXPECT_NE(shared(8), shared(9));
}

TEST(MachineState, AdvancingNumbersAreNoPartOfItAndMoveByTheirSteps) {
    std::uint64_t first = 3;
    std::uint64_t second = 40;
    const auto visit = [&](StateVisitor& state) {
        state.same(7);
        state.advancing(first, 100);
        state.advancing(second);
    };
    MachineState state;
    StateVisitor recorder(state, Cycle(0), {});
    visit(recorder);
    EXPECT_EQ(state.words, Words{7});
    ASSERT_EQ(state.advancing.size(), 2U);
    EXPECT_EQ(state.advancing[0].value, 3U);
    EXPECT_EQ(state.advancing[0].last, 100U);
    const Words steps{10, 20};
    StateVisitor mover(steps);
    visit(mover);
    EXPECT_EQ(first, 13U);
    EXPECT_EQ(second, 60U);
}

struct Unknown {
    int* what;
};

TEST(MachineState, WhatDoesNotSayItsStateNeverRepeats) {
    MachineState state;
    StateVisitor visitor(state, Cycle(0), {});
    int known = 1;
    visitor.visit(known);
    EXPECT_TRUE(state.repeats);
    Unknown unknown{nullptr};
    visitor.visit(unknown);
    EXPECT_FALSE(state.repeats);
}

TEST(MachineState, ModulesThatDoNotSayTheirsNeverRepeat) {
    Simulation simulation;
    MachineState empty;
    StateVisitor before(empty, Cycle(0), {});
    simulation.clock.visit_state(before);
    EXPECT_TRUE(empty.repeats);
    FunctionModule<int, int> module("module", simulation.clock, [](auto&, Cycle) {});
    MachineState state;
    StateVisitor visitor(state, Cycle(0), {});
    simulation.clock.visit_state(visitor);
    EXPECT_FALSE(state.repeats);
}

/// A module without state of its own that writes an item every third cycle, and a reader that takes it two cycles
/// later.
class Pulse : public ClockedModule {
  public:
    Pulse(const sc_core::sc_module_name& name, Clock& clock) : ClockedModule(name, clock), output("output", *this) {
        wake_at(Cycle(0));
    }
    WritePort<int> output;
    void visit_state(StateVisitor&) override {}

  private:
    void evaluate(Cycle now) override {
        clock().mark_cycle();
        if (now.value() % 3 == 0) output.push(1, Cycle(2));
        if (now < Cycle(40)) wake_at(now + Cycle(1));
    }
};

class Sink : public ClockedModule {
  public:
    Sink(const sc_core::sc_module_name& name, Clock& clock) : ClockedModule(name, clock), input("input", *this) {}
    ReadPort<int> input;
    void visit_state(StateVisitor&) override {}

  private:
    void evaluate(Cycle) override {
        if (input.has_item()) input.pop();
    }
};

class Recorder : public CycleObserver {
  public:
    explicit Recorder(Clock& clock) : clock_(clock) { clock.observe(*this); }
    void cycle_ended(Cycle now) override {
        MachineState state;
        StateVisitor visitor(state, now, {});
        clock_.visit_state(visitor);
        EXPECT_TRUE(state.repeats);
        states.push_back(state.words);
    }
    std::vector<Words> states;  ///< at the end of each cycle

  private:
    Clock& clock_;
};

TEST(MachineState, OfAMachineWithAPeriodRepeatsWithIt) {
    for (const std::uint64_t seed : shuffle_seeds) {
        Simulation simulation(seed);
        RegisteredChannel<int> channel("channel", simulation.clock, 4);
        Pulse pulse("pulse", simulation.clock);
        Sink sink("sink", simulation.clock);
        pulse.output.bind(channel);
        sink.input.bind(channel);
        Recorder recorder(simulation.clock);
        simulation.run();
        ASSERT_EQ(recorder.states.size(), 41U);
        for (std::size_t cycle = 3; cycle + 4 < 40; ++cycle) {
            EXPECT_EQ(recorder.states[cycle], recorder.states[cycle + 3]) << cycle;
            EXPECT_NE(recorder.states[cycle], recorder.states[cycle + 1]) << cycle;
        }
    }
}

}  // namespace
}  // namespace stcsim::testing
