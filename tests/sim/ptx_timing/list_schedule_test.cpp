/// Orders keep dependences, and are no worse than the text's.

#include "ptx_timing/list_schedule.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace stcsim {
namespace {

std::vector<std::uint32_t> text_of(const BlockGraph& block) {
    std::vector<std::uint32_t> text(block.instructions.size());
    std::iota(text.begin(), text.end(), 0U);
    return text;
}

/// Random instructions that read up to two registers and write one, with the dependences that follow.
BlockGraph some_block() {
    BlockGraph block;
    const auto registers = *rc::gen::inRange<std::uint32_t>(1, 12);
    for (std::uint32_t r = 0; r < registers; ++r) {
        block.registers.push_back({.words = *rc::gen::inRange<std::uint32_t>(1, 3),
                                   .predicate = *rc::gen::inRange(0, 5) == 0,
                                   .live_before = *rc::gen::arbitrary<bool>(),
                                   .live_after = *rc::gen::arbitrary<bool>()});
    }
    const auto count = *rc::gen::inRange<std::uint32_t>(0, 25);
    std::vector<std::uint32_t> latencies;
    for (std::uint32_t i = 0; i < count; ++i) {
        BlockInstruction one;
        one.slots = *rc::gen::inRange<std::uint32_t>(0, 3);
        one.unit = *rc::gen::inRange<std::uint32_t>(0, 4);
        one.interval = *rc::gen::inRange<std::uint32_t>(1, 9);
        latencies.push_back(*rc::gen::inRange<std::uint32_t>(0, 30));
        const auto reads = *rc::gen::inRange(0, 3);
        for (int k = 0; k < reads; ++k) one.reads.push_back(*rc::gen::inRange<std::uint32_t>(0, registers));
        std::ranges::sort(one.reads);
        one.reads.erase(std::unique(one.reads.begin(), one.reads.end()), one.reads.end());
        one.writes = {*rc::gen::inRange<std::uint32_t>(0, registers)};
        for (std::uint32_t before = 0; before < i; ++before) {
            BlockInstruction& earlier = block.instructions[before];
            const auto in = [](const std::vector<std::uint32_t>& list, std::uint32_t r) {
                return std::ranges::find(list, r) != list.end();
            };
            const std::uint32_t result = earlier.writes.front();
            if (in(one.reads, result)) {
                earlier.dependents.push_back({i, latencies[before]});
            } else if (result == one.writes.front() || in(earlier.reads, one.writes.front())) {
                earlier.dependents.push_back({i, 0});
            }
        }
        block.instructions.push_back(std::move(one));
    }
    return block;
}

RC_GTEST_PROP(ListSchedule, PlacesEveryInstructionOnceAndBehindWhatItDependsOn, ()) {
    const BlockGraph block = some_block();
    const auto order = list_schedule(block, {.words = *rc::gen::inRange(0U, 30U), .predicates = 6});
    std::vector<std::uint32_t> place(order.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
    std::vector<std::uint32_t> sorted = order;
    std::ranges::sort(sorted);
    RC_ASSERT(sorted == text_of(block));
    for (std::uint32_t i = 0; i < order.size(); ++i) {
        for (const BlockDependence& later : block.instructions[i].dependents) {
            RC_ASSERT(place[i] < place[later.instruction]);
        }
    }
}

RC_GTEST_PROP(ListSchedule, IsNeverSlowerThanTheTextAndNeedsNoMoreRegistersThanAllowed, ()) {
    const BlockGraph block = some_block();
    const RegisterCounts limit{.words = *rc::gen::inRange(0U, 30U), .predicates = *rc::gen::inRange(0U, 4U)};
    const auto order = list_schedule(block, limit);
    const auto text = text_of(block);
    RC_ASSERT(issue_cycles(block, order) <= issue_cycles(block, text));
    const RegisterCounts live = most_live(block, order);
    const RegisterCounts before = most_live(block, text);
    RC_ASSERT(live.words <= std::max(limit.words, before.words));
    RC_ASSERT(live.predicates <= std::max(limit.predicates, before.predicates));
}

/// `count` loads of 30 cycles, each followed by what uses it.
BlockGraph loads_and_uses(std::uint32_t count) {
    BlockGraph block;
    for (std::uint32_t i = 0; i < count; ++i) {
        block.registers.push_back({});
        block.instructions.push_back({.dependents = {{2 * i + 1, 30}}, .reads = {}, .writes = {i}});
        block.instructions.push_back({.dependents = {}, .reads = {i}, .writes = {}});
    }
    return block;
}

TEST(ListSchedule, StartsLoadsBeforeItWaitsForOne) {
    const BlockGraph block = loads_and_uses(4);
    EXPECT_EQ(issue_cycles(block, text_of(block)), 4U * 31);
    const auto order = list_schedule(block, {.words = 4, .predicates = 0});
    EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 2, 4, 6, 1, 3, 5, 7}));
    EXPECT_EQ(issue_cycles(block, order), 34U);
}

TEST(ListSchedule, StartsNoMoreLoadsThanThereAreRegistersFor) {
    const BlockGraph block = loads_and_uses(6);
    const auto order = list_schedule(block, {.words = 3, .predicates = 0});
    EXPECT_EQ(most_live(block, order).words, 3U);
    EXPECT_LT(issue_cycles(block, order), issue_cycles(block, text_of(block)));
}

TEST(ListSchedule, FillsTheTimeThatAUnitIsBusy) {
    // Two instructions of a unit that takes one every eight cycles, then seven others.
    BlockGraph block;
    for (std::uint32_t i = 0; i < 9; ++i) {
        BlockInstruction one;
        one.unit = i < 2 ? 1 : 0;
        one.interval = 8;
        block.instructions.push_back(one);
    }
    const auto order = list_schedule(block, {});
    EXPECT_EQ(issue_cycles(block, text_of(block)), 16U);
    EXPECT_LE(issue_cycles(block, order), 10U);
}

}  // namespace
}  // namespace stcsim
