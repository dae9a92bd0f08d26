/// A registered channel shows what was written after its delay, gives space back a cycle after the read, and wakes both
/// sides exactly when they can act.

#include "base/registered_channel.h"

#include <map>
#include <random>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "function_module.h"
#include "simulation_fixture.h"

namespace stcsim::testing {
namespace {

using Channel = RegisteredChannel<int>;
using Module = FunctionModule<int, int>;

constexpr Cycle end{60};

/// Evaluated in every cycle until `end`.
Module::Process in_every_cycle(std::function<void(Module&, Cycle)> act) {
    return [act = std::move(act)](Module& self, Cycle now) {
        act(self, now);
        if (now < end) self.wake_in_next_cycle();
    };
}

/// Tests that make a simulation for each of several cases.
class RegisteredChannelCases : public ::testing::TestWithParam<std::uint64_t> {};

class RegisteredChannelTest : public ::testing::TestWithParam<std::uint64_t> {
  protected:
    Simulation simulation_{GetParam()};
};

TEST_P(RegisteredChannelCases, AnItemIsVisibleExactlyItsDelayAfterTheWrite) {
    for (const std::uint64_t delay : {1U, 2U, 5U, 17U}) {
        Simulation simulation(GetParam());
        Channel channel("channel", simulation.clock, 4);
        Module writer("writer", simulation.clock, in_every_cycle([&](Module& self, Cycle now) {
                          if (now == Cycle(10)) self.output.push(42, Cycle(delay));
                      }));
        Module reader("reader", simulation.clock, in_every_cycle([&](Module& self, Cycle now) {
                          EXPECT_EQ(self.input.has_item(), now >= Cycle(10 + delay)) << now.value();
                          if (self.input.has_item()) {
                              EXPECT_EQ(self.input.front(), 42);
                          }
                      }));
        writer.output.bind(channel);
        reader.input.bind(channel);
        simulation.run();
    }
}

TEST_P(RegisteredChannelTest, TheReaderIsWokenInTheCycleOfVisibilityOnly) {
    Channel channel("channel", simulation_.clock, 4);
    Module writer("writer", simulation_.clock, [](Module& self, Cycle) {
        self.output.push(1, Cycle(9));
        self.output.push(2, Cycle(30));
    });
    std::map<Cycle, int> read;
    Module reader("reader", simulation_.clock, [&](Module& self, Cycle now) {
        if (self.input.has_item()) read[now] = self.input.pop();
    });
    writer.output.bind(channel);
    reader.input.bind(channel);
    simulation_.run();
    EXPECT_EQ(read, (std::map<Cycle, int>{{Cycle(9), 1}, {Cycle(30), 2}}));
    EXPECT_EQ(reader.evaluated(), (std::vector<Cycle>{Cycle(0), Cycle(9), Cycle(30)}));
}

TEST_P(RegisteredChannelTest, AnItemNobodyExpectsIsThereForAReaderThatRunsButWakesNobody) {
    Channel channel("channel", simulation_.clock, 4, ChannelOrder::as_written, ReaderWake::when_expected);
    Module writer("writer", simulation_.clock, [](Module& self, Cycle) { self.output.push(1, Cycle(3)); });
    Module reader("reader", simulation_.clock, [](Module& self, Cycle now) {
        EXPECT_EQ(self.input.has_item(), now == Cycle(8));
        if (now == Cycle(0)) self.wake_at(Cycle(8));
    });
    writer.output.bind(channel);
    reader.input.bind(channel);
    simulation_.run();
    EXPECT_EQ(reader.evaluated(), (std::vector<Cycle>{Cycle(0), Cycle(8)}));
}

TEST_P(RegisteredChannelCases, AReaderThatExpectsAnItemIsWokenForItWhetherWrittenBeforeOrAfter) {
    for (const std::uint64_t written : {2U, 4U, 6U}) {
        Simulation simulation(GetParam());
        Channel channel("channel", simulation.clock, 4, ChannelOrder::as_written, ReaderWake::when_expected);
        Module writer("writer", simulation.clock, [&](Module& self, Cycle now) {
            if (now == Cycle(0)) {
                self.wake_at(Cycle(written));
                self.wake_at(Cycle(15));
            } else {
                self.output.push(1, now < Cycle(15) ? Cycle(12) - now : Cycle(5));
            }
        });
        Module reader("reader", simulation.clock, [](Module& self, Cycle now) {
            if (now == Cycle(0)) self.wake_at(Cycle(4));
            if (now == Cycle(4)) self.input.expect();
            if (self.input.has_item()) self.input.pop();
        });
        writer.output.bind(channel);
        reader.input.bind(channel);
        simulation.run();
        EXPECT_EQ(reader.evaluated(), (std::vector<Cycle>{Cycle(0), Cycle(4), Cycle(12)}))
            << "the second item is not expected";
    }
}

TEST_P(RegisteredChannelTest, ABusyReaderIsNotWokenBeforeItIsFree) {
    Channel channel("channel", simulation_.clock, 4);
    Module writer("writer", simulation_.clock, [](Module& self, Cycle now) {
        if (now == Cycle(0)) return self.wake_at(Cycle(5));
        self.output.push(1, Cycle(1));
        self.output.push(2, Cycle(30));
    });
    Module reader("reader", simulation_.clock, [](Module& self, Cycle) {
        self.input.busy_until(Cycle(20));
        while (self.input.has_item()) self.input.pop();
    });
    writer.output.bind(channel);
    reader.input.bind(channel);
    simulation_.run();
    EXPECT_EQ(reader.evaluated(), (std::vector<Cycle>{Cycle(0), Cycle(20), Cycle(35)}));
}

TEST_P(RegisteredChannelTest, FreedSpaceIsUsableInTheNextCycleAndNotBefore) {
    Channel channel("channel", simulation_.clock, 1);
    Module writer("writer", simulation_.clock, in_every_cycle([](Module& self, Cycle now) {
                      EXPECT_EQ(self.output.has_space(), now == Cycle(0) || now > Cycle(5)) << now.value();
                      if (now == Cycle(0)) self.output.push(1);
                  }));
    Module reader("reader", simulation_.clock, in_every_cycle([](Module& self, Cycle now) {
                      if (now == Cycle(5)) self.input.pop();
                  }));
    writer.output.bind(channel);
    reader.input.bind(channel);
    simulation_.run();
}

TEST_P(RegisteredChannelTest, AFullChannelWakesItsWriterTheCycleAfterARead) {
    Channel channel("channel", simulation_.clock, 2);
    int written = 0;
    Module writer("writer", simulation_.clock, [&](Module& self, Cycle) {
        while (self.output.has_space()) self.output.push(++written);
    });
    Module reader("reader", simulation_.clock, in_every_cycle([](Module& self, Cycle now) {
                      if (now == Cycle(20) || now == Cycle(33)) self.input.pop();
                  }));
    writer.output.bind(channel);
    reader.input.bind(channel);
    simulation_.run();
    EXPECT_EQ(writer.evaluated(), (std::vector<Cycle>{Cycle(0), Cycle(21), Cycle(34)}));
    EXPECT_EQ(written, 4);
}

TEST_P(RegisteredChannelTest, AReadFromAChannelWithSpaceLeavesItsWriterAsleep) {
    Channel channel("channel", simulation_.clock, 3);
    Module writer("writer", simulation_.clock, [](Module& self, Cycle) {
        self.output.push(1);
        self.output.push(2);
    });
    Module reader("reader", simulation_.clock, [](Module& self, Cycle) {
        while (self.input.has_item()) self.input.pop();
    });
    writer.output.bind(channel);
    reader.input.bind(channel);
    simulation_.run();
    EXPECT_EQ(writer.evaluated().size(), 1U);
}

TEST_P(RegisteredChannelTest, WritingWithoutSpaceOrWithoutDelayBreaksAnInvariant) {
    Channel full("full", simulation_.clock, 1);
    Module writer("writer", simulation_.clock, [](Module& self, Cycle) {
        EXPECT_THROW(self.output.push(1, Cycle(0)), InvariantError);
        self.output.push(1);
        EXPECT_THROW(self.output.push(2), InvariantError);
    });
    writer.output.bind(full);
    simulation_.run();
}

TEST_P(RegisteredChannelTest, ReadingBeforeAnItemIsVisibleBreaksAnInvariant) {
    Channel channel("channel", simulation_.clock, 1);
    Module writer("writer", simulation_.clock, [](Module& self, Cycle) { self.output.push(1, Cycle(10)); });
    Module reader("reader", simulation_.clock, [](Module& self, Cycle now) {
        if (now == Cycle(0)) return self.wake_at(Cycle(9));
        if (now == Cycle(9)) {
            EXPECT_THROW(self.input.pop(), InvariantError);
        }
    });
    writer.output.bind(channel);
    reader.input.bind(channel);
    simulation_.run();
    EXPECT_EQ(reader.evaluated().back(), Cycle(10));
}

/// Cycle and value of each item that a reader which takes everything at once sees.
using Arrivals = std::vector<std::pair<Cycle, int>>;

Arrivals arrivals(std::uint64_t seed, ChannelOrder order) {
    Simulation simulation(seed);
    Channel channel("channel", simulation.clock, 8, order);
    Module writer("writer", simulation.clock, [](Module& self, Cycle now) {
        if (now == Cycle(0)) {
            self.output.push(1, Cycle(20));
            self.output.push(2, Cycle(5));
            self.output.push(3, Cycle(20));
            self.wake_at(Cycle(4));
        } else {
            self.output.push(4, Cycle(3));
            self.output.push(5, Cycle(16));
        }
    });
    Arrivals seen;
    Module reader("reader", simulation.clock, [&](Module& self, Cycle now) {
        while (self.input.has_item()) seen.emplace_back(now, self.input.pop());
    });
    writer.output.bind(channel);
    reader.input.bind(channel);
    simulation.run();
    return seen;
}

TEST_P(RegisteredChannelCases, AsWrittenALaterItemNeverOvertakes) {
    EXPECT_EQ(arrivals(GetParam(), ChannelOrder::as_written),
              (Arrivals{{Cycle(20), 1}, {Cycle(20), 2}, {Cycle(20), 3}, {Cycle(20), 4}, {Cycle(20), 5}}));
}

TEST_P(RegisteredChannelCases, ByArrivalAShorterDelayOvertakesAndEqualOnesKeepTheOrderOfWriting) {
    EXPECT_EQ(arrivals(GetParam(), ChannelOrder::by_arrival),
              (Arrivals{{Cycle(5), 2}, {Cycle(7), 4}, {Cycle(20), 1}, {Cycle(20), 3}, {Cycle(20), 5}}));
}

TEST_P(RegisteredChannelTest, AnUnboundPortHasNeitherItemsNorSpace) {
    Module module("module", simulation_.clock, [](Module& self, Cycle) {
        EXPECT_FALSE(self.input.has_item());
        EXPECT_FALSE(self.output.has_space());
    });
    simulation_.run();
    EXPECT_EQ(module.evaluated().size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(EvaluationOrder, RegisteredChannelCases, ::testing::ValuesIn(shuffle_seeds));
INSTANTIATE_TEST_SUITE_P(EvaluationOrder, RegisteredChannelTest, ::testing::ValuesIn(shuffle_seeds));

/// What two modules, which send each other items at random times with random delays and stall at random, saw.
std::vector<std::pair<Cycle, int>> ping_pong(std::uint64_t shuffle_seed, std::uint64_t behaviour, std::size_t capacity,
                                             ChannelOrder order) {
    Simulation simulation(shuffle_seed);
    Channel there("there", simulation.clock, capacity, order);
    Channel back("back", simulation.clock, capacity, order);
    std::vector<std::pair<Cycle, int>> trace[2];
    std::uint64_t in_flight[2]{};
    std::deque<Module> modules;
    for (int side = 0; side < 2; ++side) {
        modules.emplace_back(side == 0 ? "ping" : "pong", simulation.clock,
                             [&, side, random = std::mt19937_64(behaviour + static_cast<std::uint64_t>(side))](
                                 Module& self, Cycle now) mutable {
                                 if (now >= Cycle(400)) return;
                                 while (self.input.has_item() && random() % 3 != 0) {
                                     trace[side].emplace_back(now, self.input.pop());
                                     --in_flight[1 - side];
                                 }
                                 while (self.output.has_space() && random() % 3 != 0) {
                                     self.output.push(static_cast<int>(random() % 1000), Cycle(1 + random() % 6));
                                     RC_ASSERT(++in_flight[side] <= capacity);
                                 }
                                 self.wake_at(now + Cycle(1 + random() % 4));
                             });
    }
    modules[0].output.bind(there);
    modules[1].input.bind(there);
    modules[1].output.bind(back);
    modules[0].input.bind(back);
    simulation.run();
    trace[0].insert(trace[0].end(), trace[1].begin(), trace[1].end());
    return trace[0];
}

RC_GTEST_PROP(RegisteredChannel, HoldsItsCapacityAtMostAndHidesTheOrderOfEvaluation, ()) {
    const auto behaviour = *rc::gen::arbitrary<std::uint64_t>();
    const auto capacity = *rc::gen::inRange<std::size_t>(1, 5);
    const auto order = *rc::gen::element(ChannelOrder::as_written, ChannelOrder::by_arrival);
    const auto reference = ping_pong(0, behaviour, capacity, order);
    RC_ASSERT(!reference.empty());
    for (const std::uint64_t seed : {1U, 2U, 3U}) RC_ASSERT(ping_pong(seed, behaviour, capacity, order) == reference);
}

}  // namespace
}  // namespace stcsim::testing
