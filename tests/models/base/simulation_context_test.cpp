/// One process runs simulations one after the other, each in a context of its own.

#include "base/simulation_context.h"

#include <gtest/gtest.h>

#include "function_module.h"
#include "simulation_fixture.h"

namespace stcsim::testing {
namespace {

using Module = FunctionModule<int, int>;

void count_to_ten(Module& self, Cycle now) {
    if (now < Cycle(10)) self.wake_in_next_cycle();
}

TEST(SimulationContext, EverySimulationStartsAtCycleZeroWithItsOwnModules) {
    for (int run = 0; run < 3; ++run) {
        Simulation simulation;
        Module module("module", simulation.clock, count_to_ten);
        EXPECT_STREQ(module.name(), "module") << "names of the last simulation are forgotten";
        simulation.run();
        ASSERT_EQ(module.evaluated().size(), 11U);
        EXPECT_EQ(module.evaluated().front(), Cycle(0));
        EXPECT_EQ(module.evaluated().back(), Cycle(10));
    }
}

TEST(SimulationContext, ASimulationAbandonedHalfwayLeavesNothingBehind) {
    {
        Simulation simulation;
        const Module module("module", simulation.clock, [](Module& self, Cycle) { self.wake_in_next_cycle(); });
        simulation.run(Cycle(50));
    }
    Simulation simulation;
    Module module("module", simulation.clock, count_to_ten);
    simulation.run();
    EXPECT_EQ(module.evaluated().size(), 11U);
}

TEST(SimulationContext, RunForSaysWhetherAnythingIsLeft) {
    Simulation simulation;
    Module module("module", simulation.clock, count_to_ten);
    EXPECT_TRUE(simulation.context.run_for(Cycle(5)));
    EXPECT_LE(module.evaluated().back(), Cycle(5));
    EXPECT_FALSE(simulation.context.run_for(Cycle(100)));
    EXPECT_EQ(module.evaluated().back(), Cycle(10));
}

TEST(SimulationContext, RunningInPiecesIsRunningAtOnce) {
    const auto evaluated = [](Cycle piece) {
        Simulation simulation;
        Module module("module", simulation.clock, [](Module& self, Cycle now) {
            if (now < Cycle(20000)) self.wake_at(now + Cycle(now.value() % 7000 + 1));
        });
        while (simulation.context.run_for(piece)) {
        }
        return module.evaluated();
    };
    const auto at_once = evaluated(Cycle(1000000));
    EXPECT_EQ(evaluated(Cycle(1)), at_once);
    EXPECT_EQ(evaluated(Cycle(777)), at_once);
}

}  // namespace
}  // namespace stcsim::testing
