/// How long loads take, from their issue to the issue of what needs their data.

#include <gtest/gtest.h>

#include "a100.h"
#include "scripted_stream.h"
#include "warp_instructions.h"

namespace stcsim::testing {
namespace {

constexpr RegisterRange data{0, 4};

/// Cycles from the issue of `load` to the issue of an instruction that uses what it writes, on an idle SM.
Cycle latency_of(const WarpInstruction& load) {
    ScriptedStream stream({load, use(load.destination), arithmetic({}, {})});
    run_on_one_sm(stream, a100());
    return stream.gap_after(0);
}

// Measured in arXiv 2206.02874: 23.1, 25.1 and 29.3 cycles for x1, x2 and x4.
TEST(LoadLatency, OfLdmatrixIsTheOneMeasured) {
    EXPECT_EQ(latency_of(load_matrix({0, 1})), Cycle(23));
    EXPECT_EQ(latency_of(load_matrix({0, 2})), Cycle(25));
    EXPECT_EQ(latency_of(load_matrix({0, 4})), Cycle(29));
}

// Measured in arXiv 2206.02874: 23, 25, 29 and 37 cycles for 1, 2, 4 and 8-way bank conflicts.
TEST(LoadLatency, OfSharedLoadsGrowsWithBankConflictsAsMeasured) {
    EXPECT_EQ(latency_of(load_shared({0, 1}, strided(4, 4))), Cycle(23));
    EXPECT_EQ(latency_of(load_shared({0, 1}, strided(8, 4))), Cycle(25));
    EXPECT_EQ(latency_of(load_shared({0, 1}, strided(16, 4))), Cycle(29));
    EXPECT_EQ(latency_of(load_shared({0, 1}, strided(32, 4))), Cycle(37));
}

TEST(LoadLatency, FollowsTheParametersOfTheSharedMemory) {
    GpuParameters slower = a100();
    slower.sm.shared_memory.base_latency += Cycle(10);
    slower.sm.shared_memory.return_per_wavefront += Cycle(1);
    ScriptedStream stream({load_matrix(data), use(data), use({})});
    run_on_one_sm(stream, slower);
    EXPECT_EQ(stream.gap_after(0), Cycle(29 + 10 + 4));
}

TEST(LoadLatency, OfLoadsOfOneSubCoreIsLongerByTheirCommonReturnPath) {
    ScriptedStream stream({load_matrix({0, 4}), load_matrix({4, 4}), use({4, 4}), use({})});
    run_on_one_sm(stream, a100());
    const Cycle per_load = a100().sm.shared_memory.return_per_wavefront * 4;
    EXPECT_EQ(stream.issued(2) - stream.issued(0), Cycle(29) + per_load);
}

TEST(LoadLatency, OfSubCoresTogetherIsBoundByTheBanks) {
    constexpr std::size_t loads = 50;
    Program program;
    for (std::size_t i = 0; i < loads; ++i) program.push_back(load_matrix({static_cast<std::uint8_t>(4 * (i % 8)), 4}));
    program.push_back(use({0, 32}));
    program.push_back(use({}));
    ScriptedStream stream(std::vector<Program>(8, program));
    const GpuRunResult result = run_on_one_sm(stream, a100());
    EXPECT_EQ(result.counters.at("sm.shared_memory.load_wavefronts"), 8 * loads * 4);
    EXPECT_EQ(result.counters.at("sm.shared_memory.conflict_wavefronts"), 0U);
    Cycle first = never;
    Cycle last{0};
    for (std::uint32_t warp = 0; warp < 8; ++warp) {
        first = std::min(first, stream.issued(0, warp));
        last = std::max(last, stream.issued(loads, warp));
    }
    const Cycle taken = last - first;
    EXPECT_GE(taken, Cycle(8 * loads * 4)) << "one wavefront a cycle";
    EXPECT_LE(taken, Cycle(8 * loads * 4 + 100)) << "and hardly less: 127.5 of 128 B/clk are measured";
}

TEST(LoadLatency, OfConflictsIsCounted) {
    ScriptedStream stream({load_shared({0, 1}, strided(32, 4)), use({0, 1})});
    const GpuRunResult result = run_on_one_sm(stream, a100());
    EXPECT_EQ(result.counters.at("sm.shared_memory.load_wavefronts"), 8U);
    EXPECT_EQ(result.counters.at("sm.shared_memory.conflict_wavefronts"), 7U);
}

// Measured in arXiv 2501.12084: L2 hits of 208.0 cycles, misses of 474.9 where the L2 partition is near and 622.7 where
// it is far. What has been read from the far partition is near then (202.8 cycles whatever the address).
TEST(LoadLatency, OfGlobalLoadsIsThatOfAHitAndLongerForANearOrAFarMiss) {
    std::size_t near = 0;
    std::size_t far = 0;
    for (std::uint64_t line = 0; line < 16; ++line) {
        const LaneAccess access = strided(0, 4, 0x10000 + line * 128);
        ScriptedStream stream(
            {load_global({0, 1}, access), use({0, 1}), load_global({1, 1}, access), use({1, 1}), use({})});
        run_on_one_sm(stream, a100());
        EXPECT_NEAR(static_cast<double>(stream.gap_after(2).value()), 208.0, 3);
        const auto miss = static_cast<double>(stream.gap_after(0).value());
        if (miss < 550) {
            ++near;
            EXPECT_NEAR(miss, 474.9, 5);
        } else {
            ++far;
            EXPECT_NEAR(miss, 622.7, 5);
        }
    }
    EXPECT_GT(near, 0U);
    EXPECT_GT(far, 0U);
}

}  // namespace
}  // namespace stcsim::testing
