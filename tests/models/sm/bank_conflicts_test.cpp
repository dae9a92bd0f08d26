#include "sm/bank_conflicts.h"

#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "a100.h"
#include "warp_instructions.h"

namespace stcsim::testing {
namespace {

std::uint32_t wavefronts(const LaneAccess& access) {
    static const SharedMemoryParameters parameters = a100().sm.shared_memory;
    return shared_wavefronts(access, parameters);
}

TEST(SharedWavefronts, OfConsecutiveWordsAreOne) {
    EXPECT_EQ(wavefronts(strided(4, 4)), 1U);
    EXPECT_EQ(wavefronts(strided(4, 4, 52)), 1U) << "wherever they start";
}

TEST(SharedWavefronts, OfAStrideAreTheLanesThatMeetInABank) {
    EXPECT_EQ(wavefronts(strided(8, 4)), 2U);
    EXPECT_EQ(wavefronts(strided(16, 4)), 4U);
    EXPECT_EQ(wavefronts(strided(32, 4)), 8U);
    EXPECT_EQ(wavefronts(strided(128, 4)), 32U);
    EXPECT_EQ(wavefronts(strided(132, 4)), 1U) << "a row of padding spreads a column over the banks";
}

TEST(SharedWavefronts, OfABroadcastAreOne) {
    EXPECT_EQ(wavefronts(strided(0, 4)), 1U);
    EXPECT_EQ(wavefronts(strided(2, 2)), 1U) << "two lanes share a word";
    EXPECT_EQ(wavefronts(strided(0, 16)), 4U) << "but lanes of 16 bytes are served eight at a time";
}

TEST(SharedWavefronts, OfWideLanesAreAsManyAsTheirBytesNeed) {
    EXPECT_EQ(wavefronts(strided(8, 8)), 2U);
    EXPECT_EQ(wavefronts(strided(16, 16)), 4U);
    EXPECT_EQ(wavefronts(strided(16, 16, 0, 0x000000FF)), 1U) << "eight lanes fit into one";
    EXPECT_EQ(wavefronts(strided(16, 16, 0, 0x01010101)), 4U) << "one for each group with a lane";
    EXPECT_EQ(wavefronts(strided(32, 16)), 8U);
}

TEST(SharedWavefronts, AreOneAtLeast) {
    EXPECT_EQ(wavefronts(strided(4, 4, 0, 0)), 1U);
    EXPECT_EQ(wavefronts(strided(4, 4, 0, 1)), 1U);
}

/// ldmatrix.x4 of a 32 x 16-byte column of a tile with 128-byte rows; `swizzled`: the 16-byte chunk is exchanged by the
/// row modulo 8.
TEST(SharedWavefronts, OfLdmatrixAreOnePerMatrixIfTheTileIsSwizzled) {
    LaneOffsets plain{};
    LaneOffsets swizzled{};
    for (std::uint32_t row = 0; row < warp_lanes; ++row) {
        plain[row] = row * 128ULL + 3 * 16;
        swizzled[row] = row * 128ULL + (3ULL ^ row % 8) * 16;
    }
    EXPECT_EQ(wavefronts({.offsets = &swizzled, .active = all_lanes, .bytes_per_lane = 16}), 4U);
    EXPECT_EQ(wavefronts({.offsets = &plain, .active = all_lanes, .bytes_per_lane = 16}), 32U);
    EXPECT_EQ(wavefronts({.offsets = &swizzled, .active = 0xFF, .bytes_per_lane = 16}), 1U);
}

LaneAccess any_access(LaneOffsets& offsets) {
    const auto bytes = *rc::gen::element<std::uint8_t>(4, 8, 16);
    for (std::uint64_t& offset : offsets) offset = *rc::gen::inRange<std::uint64_t>(0, 4096 / bytes) * bytes;
    return {.offsets = &offsets, .active = *rc::gen::arbitrary<std::uint32_t>(), .bytes_per_lane = bytes};
}

RC_GTEST_PROP(SharedWavefronts, AreTheMostWordsOfABankOverGroupsOfLanes, ()) {
    LaneOffsets offsets{};
    const LaneAccess access = any_access(offsets);
    std::uint32_t expected = 0;
    const std::uint32_t group = 128U / access.bytes_per_lane;
    for (std::uint32_t first = 0; first < warp_lanes; first += group) {
        std::map<std::uint64_t, std::set<std::uint64_t>> words_of_bank;
        std::size_t most = 0;
        for (std::uint32_t lane = first; lane < std::min(first + group, warp_lanes); ++lane) {
            if (!access.is_active(lane)) continue;
            for (std::uint64_t word = access.address(lane) / 4;
                 word < (access.address(lane) + access.bytes_per_lane) / 4; ++word) {
                words_of_bank[word % 32].insert(word);
                most = std::max(most, words_of_bank[word % 32].size());
            }
        }
        expected += static_cast<std::uint32_t>(most);
    }
    RC_ASSERT(wavefronts(access) == std::max(expected, 1U));
}

RC_GTEST_PROP(SharedWavefronts, DoNotChangeWhenAllLanesMoveByWords, ()) {
    LaneOffsets offsets{};
    LaneAccess access = any_access(offsets);
    const std::uint32_t before = wavefronts(access);
    access.base = 4 * *rc::gen::inRange<std::uint64_t>(0, 1000);
    RC_ASSERT(wavefronts(access) == before);
}

TEST(AtomicPlan, GivesLanesOfOneAddressATurnEachUnlessTheyAreCounted) {
    const SharedMemoryParameters parameters = a100().sm.shared_memory;
    EXPECT_EQ(atomic_plan(strided(4, 4), AtomicForm::native, parameters).wavefronts, 1U);
    EXPECT_EQ(atomic_plan(strided(0, 4), AtomicForm::native, parameters).wavefronts, 32U);
    EXPECT_EQ(atomic_plan(strided(0, 4), AtomicForm::counting, parameters).wavefronts, 1U);
    EXPECT_EQ(atomic_plan(strided(8, 4), AtomicForm::native, parameters).wavefronts, 2U);
    EXPECT_EQ(atomic_plan(strided(8, 8), AtomicForm::native, parameters).wavefronts, 2U) << "256 bytes";
    EXPECT_EQ(atomic_plan(strided(4, 4, 0, 0), AtomicForm::native, parameters).wavefronts, 1U);
}

TEST(AtomicPlan, OfALoopHasARoundForEachLaneOfAnAddressAndFewerLanesInEach) {
    const SharedMemoryParameters parameters = a100().sm.shared_memory;
    const AtomicPlan apart = atomic_plan(strided(4, 4), AtomicForm::swap_loop, parameters);
    EXPECT_EQ(apart.rounds, 1U);
    EXPECT_EQ(apart.wavefronts, 1U);
    const AtomicPlan together = atomic_plan(strided(0, 4), AtomicForm::swap_loop, parameters);
    EXPECT_EQ(together.rounds, 32U);
    EXPECT_EQ(together.wavefronts, 32U * 33 / 2);
}

}  // namespace
}  // namespace stcsim::testing
