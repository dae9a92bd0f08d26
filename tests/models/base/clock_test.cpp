/// The clock wakes modules in the cycles they ask for, in any order within a cycle, and stops at the first exception.

#include "base/clock.h"

#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "function_module.h"
#include "simulation_fixture.h"

namespace stcsim::testing {
namespace {

using Module = FunctionModule<int, int>;

class ClockTest : public SimulationTest {};

TEST_F(ClockTest, NowIsTheCycleOfTheEvaluation) {
    Module module("module", simulation_.clock, [](Module& self, Cycle now) {
        EXPECT_EQ(self.clock().now(), now);
        if (now < Cycle(10)) self.wake_at(now + Cycle(3));
    });
    simulation_.run();
    EXPECT_EQ(module.evaluated(), (std::vector<Cycle>{Cycle(0), Cycle(3), Cycle(6), Cycle(9), Cycle(12)}));
}

TEST_F(ClockTest, RequestsForTheSameCycleAreOneEvaluation) {
    Module module("module", simulation_.clock, [](Module& self, Cycle now) {
        if (now != Cycle(0)) return;
        for (const std::uint64_t at : {5U, 7U, 5U, 5U, 7U}) self.wake_at(Cycle(at));
    });
    simulation_.run();
    EXPECT_EQ(module.evaluated(), (std::vector<Cycle>{Cycle(0), Cycle(5), Cycle(7)}));
}

TEST_F(ClockTest, AModuleWithNothingToDoIsNotEvaluated) {
    Module idle("idle", simulation_.clock, [](Module&, Cycle) {});
    Module busy("busy", simulation_.clock, [](Module& self, Cycle now) {
        if (now < Cycle(100)) self.wake_in_next_cycle();
    });
    simulation_.run();
    EXPECT_EQ(idle.evaluated().size(), 1U);
    EXPECT_EQ(busy.evaluated().size(), 101U);
    EXPECT_EQ(simulation_.clock.evaluations(), 102U);
}

TEST_F(ClockTest, WakingInThePresentBreaksAnInvariant) {
    Module module("module", simulation_.clock, [](Module& self, Cycle now) {
        if (now == Cycle(0)) {
            self.wake_in_next_cycle();
        } else {
            self.clock().wake(self, now);
        }
    });
    EXPECT_THROW(simulation_.run(), InvariantError);
}

TEST_F(ClockTest, AnExceptionComesOutWithItsTypeAndContent) {
    const Module module("module", simulation_.clock, [](Module&, Cycle) {
        throw InputError({"trace.csv", 7}, "-1", "a positive number");
    });
    try {
        simulation_.run();
        FAIL() << "nothing was thrown";
    } catch (const InputError& error) {
        EXPECT_EQ(error.where().file, "trace.csv");
        EXPECT_EQ(error.where().line, 7U);
        EXPECT_EQ(error.found(), "-1");
    }
}

TEST_F(ClockTest, NothingIsEvaluatedInTheCyclesAfterAnException) {
    const Module failing("failing", simulation_.clock, [](Module& self, Cycle now) {
        if (now == Cycle(5)) throw InvariantError("broken");
        self.wake_at(Cycle(5));
    });
    Module other("other", simulation_.clock, [](Module& self, Cycle) { self.wake_in_next_cycle(); });
    EXPECT_THROW(simulation_.run(), InvariantError);
    EXPECT_EQ(other.evaluated().back(), Cycle(5));
}

TEST_F(ClockTest, TheFirstOfTwoExceptionsIsKept) {
    const Module first("first", simulation_.clock, [](Module&, Cycle) { throw InvariantError("first"); });
    const Module second("second", simulation_.clock, [](Module& self, Cycle now) {
        if (now == Cycle(0)) return self.wake_in_next_cycle();
        throw InvariantError("second");
    });
    try {
        simulation_.run();
        FAIL() << "nothing was thrown";
    } catch (const InvariantError& error) {
        EXPECT_STREQ(error.what(), "first");
    }
}

TEST(Clock, ShufflingChangesTheOrderWithinACycleOnly) {
    const auto order_with = [](std::uint64_t seed) {
        Simulation simulation(seed);
        std::string order;
        std::deque<Module> modules;
        for (char name = 'a'; name < 'i'; ++name) {
            modules.emplace_back(std::string(1, name).c_str(), simulation.clock,
                                 [&order, name](Module& self, Cycle now) {
                                     order += name;
                                     if (now < Cycle(3)) self.wake_in_next_cycle();
                                 });
        }
        simulation.run();
        return order;
    };
    const std::string as_woken = order_with(0);
    const std::string shuffled = order_with(1);
    EXPECT_NE(as_woken, shuffled);
    EXPECT_EQ(shuffled, order_with(1)) << "the same seed gives the same order";
    ASSERT_EQ(as_woken.size(), 32U);
    ASSERT_EQ(shuffled.size(), 32U);
    for (std::size_t cycle = 0; cycle < 4; ++cycle) {
        EXPECT_TRUE(std::is_permutation(as_woken.begin() + 8 * cycle, as_woken.begin() + 8 * (cycle + 1),
                                        shuffled.begin() + 8 * cycle));
    }
}

// Far wakes lie beyond the calendar, which holds a few thousand cycles, and come back into it as time goes on.
RC_GTEST_PROP(Clock, EvaluatesEveryCycleAskedForAndNoOther, ()) {
    const auto far = rc::gen::inRange<std::uint64_t>(1, 50000);
    const auto near = rc::gen::inRange<std::uint64_t>(1, 200);
    const auto distances =
        *rc::gen::nonEmpty(rc::gen::container<std::vector<std::uint64_t>>(rc::gen::oneOf(far, near)));
    const bool at_once = *rc::gen::arbitrary<bool>();

    Simulation simulation;
    std::set<Cycle> wanted{Cycle(0)};
    std::size_t next = 0;
    Module module("module", simulation.clock, [&](Module& self, Cycle now) {
        while (next < distances.size()) {
            const Cycle at = now + Cycle(distances[next++]);
            wanted.insert(at);
            self.wake_at(at);
            if (!at_once) break;
        }
    });
    simulation.run();
    RC_ASSERT(module.evaluated() == std::vector<Cycle>(wanted.begin(), wanted.end()));
}

}  // namespace
}  // namespace stcsim::testing
