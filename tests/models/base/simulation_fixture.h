/// Gives every test of SystemC modules a simulation of its own.
#pragma once

#include <array>
#include <cstdint>
#include <ostream>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/simulation_context.h"

namespace stcsim {

/// Lets failed expectations print cycles and bytes as numbers.
template <typename Tag, typename Rep>
void PrintTo(StrongInteger<Tag, Rep> number, std::ostream* stream) {  // NOLINT(readability-identifier-naming)
    *stream << +number.value();
}

}  // namespace stcsim

namespace stcsim::testing {

/// A fresh context with a clock. Members of a test are constructed after it and destroyed before it.
struct Simulation {
    SimulationContext context;
    Clock clock{"clock"};

    explicit Simulation(std::uint64_t shuffle_seed = 0) { clock.shuffle_evaluations(shuffle_seed); }

    /// Runs until nothing is left to do, or for `limit` cycles, and rethrows what a module threw.
    void run(Cycle limit = never) {
        context.run(limit);
        clock.rethrow_failure();
    }
};

/// The fixture of tests that need one simulation.
class SimulationTest : public ::testing::Test {
  protected:
    Simulation simulation_;
};

/// Evaluation orders to compare: as woken, and three random ones.
inline constexpr std::array<std::uint64_t, 4> shuffle_seeds{0, 1, 2, 3};

}  // namespace stcsim::testing
