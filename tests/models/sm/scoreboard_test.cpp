#include "sm/scoreboard.h"

#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace stcsim {
namespace {

RegisterRange any_range() {
    const auto first = *rc::gen::inRange<std::uint32_t>(0, 255);
    const auto count = *rc::gen::inRange<std::uint32_t>(0, std::min(256 - first, 255U));
    return {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(count)};
}

RC_GTEST_PROP(RegisterSet, HoldsWhatASetOfNumbersHolds, ()) {
    RegisterSet registers;
    std::set<std::uint32_t> expected;
    const auto steps = *rc::gen::inRange(1, 30);
    for (int i = 0; i < steps; ++i) {
        const RegisterRange range = any_range();
        const bool insert = *rc::gen::arbitrary<bool>();
        if (insert) {
            registers.insert(range);
        } else {
            registers.erase(range);
        }
        for (std::uint32_t r = range.first; r < std::uint32_t{range.first} + range.count; ++r) {
            if (insert) {
                expected.insert(r);
            } else {
                expected.erase(r);
            }
        }
        const RegisterRange question = any_range();
        const auto found = expected.lower_bound(question.first);
        const bool overlaps = found != expected.end() && *found < std::uint32_t{question.first} + question.count;
        RC_ASSERT(registers.overlaps(question) == overlaps);
        RegisterSet asked;
        asked.insert(question);
        RC_ASSERT(registers.overlaps(asked) == overlaps);
    }
}

RegisterSet registers(RegisterRange range) {
    RegisterSet set;
    set.insert(range);
    return set;
}

TEST(Scoreboard, ARegisterIsPendingFromTheBeginToTheEndOfItsWrite) {
    Scoreboard scoreboard;
    scoreboard.begin_write({10, 4}, PendingKind::shared);
    EXPECT_TRUE(scoreboard.is_pending(registers({13, 1})));
    EXPECT_TRUE(scoreboard.is_pending(registers({8, 3})));
    EXPECT_FALSE(scoreboard.is_pending(registers({14, 2})));
    EXPECT_FALSE(scoreboard.is_pending(registers({10, 0}))) << "no registers, nothing to wait for";
    scoreboard.end_write({10, 4}, PendingKind::shared);
    EXPECT_FALSE(scoreboard.is_pending(registers({13, 1})));
}

TEST(Scoreboard, KnowsWhatAPendingRegisterWaitsFor) {
    Scoreboard scoreboard;
    scoreboard.begin_write({0, 2}, PendingKind::tensor);
    scoreboard.begin_write({4, 2}, PendingKind::global);
    EXPECT_TRUE(scoreboard.is_pending(registers({0, 8}), PendingKind::tensor));
    EXPECT_TRUE(scoreboard.is_pending(registers({0, 8}), PendingKind::global));
    EXPECT_FALSE(scoreboard.is_pending(registers({0, 8}), PendingKind::shared));
    EXPECT_FALSE(scoreboard.is_pending(registers({4, 2}), PendingKind::tensor));
}

TEST(Scoreboard, ReadsAreDoneOnceAsManyOperationsHaveRead) {
    Scoreboard scoreboard;
    EXPECT_TRUE(scoreboard.reads_done({0, 8}, 0)) << "nobody reads them";
    scoreboard.note_read({0, 4}, 7);
    scoreboard.note_read({2, 4}, 9);
    EXPECT_FALSE(scoreboard.reads_done({0, 1}, 6));
    EXPECT_TRUE(scoreboard.reads_done({0, 2}, 7));
    EXPECT_FALSE(scoreboard.reads_done({0, 3}, 8)) << "the later reader counts";
    EXPECT_TRUE(scoreboard.reads_done({0, 8}, 9));
}

}  // namespace
}  // namespace stcsim
