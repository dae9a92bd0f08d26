/// Atomic operations and fences on the machine.

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "a100.h"
#include "scripted_stream.h"
#include "warp_instructions.h"

namespace stcsim::testing {
namespace {

/// Groups of `sharing` lanes at one address each, `stride` apart; the patterns live as long as the program.
LaneAccess shared_by(std::uint32_t sharing, std::uint64_t stride, std::uint64_t base = 0, std::uint8_t bytes = 4) {
    static std::map<std::pair<std::uint32_t, std::uint64_t>, LaneOffsets> known;
    const auto [entry, is_new] = known.try_emplace({sharing, stride});
    if (is_new) {
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) entry->second[lane] = lane / sharing * stride;
    }
    return {.base = base, .offsets = &entry->second, .active = all_lanes, .bytes_per_lane = bytes};
}

WarpInstruction atomic_shared(RegisterRange destination, const LaneAccess& access,
                              AtomicForm form = AtomicForm::native) {
    WarpInstruction instruction = plain(OperationClass::atomic_shared);
    instruction.destination = destination;
    instruction.shared = access;
    instruction.atomic = form;
    return instruction;
}

WarpInstruction atomic_global(RegisterRange destination, const LaneAccess& access) {
    WarpInstruction instruction = plain(OperationClass::atomic_global);
    instruction.destination = destination;
    instruction.global = access;
    return instruction;
}

Cycle latency_of(const WarpInstruction& atomic) {
    ScriptedStream stream(std::vector<Program>{{atomic, use(atomic.destination), use({})}}, Bytes(8192));
    run_on_one_sm(stream, a100());
    return stream.gap_after(0);
}

// Read off the curves of A100 shared memory atomics in "Dissecting the Ampere GPU Architecture through
// Microbenchmarking" (GTC 2021, S33322): 8 warps take 96, 160 and 286 cycles for 8, 16 and 32 lanes per address. What
// is common to all, about 32 cycles, depends on the loop around, which is not published.
TEST(SharedAtomics, OfEightWarpsGetSlowerWithEachLanePerAddressAsMeasured) {
    const auto time_with = [](std::uint32_t lanes) {
        constexpr std::size_t iterations = 20;
        Program program;
        for (std::size_t i = 0; i < iterations; ++i) {
            program.push_back(atomic_shared({1, 1}, shared_by(lanes, 4)));
            program.push_back(arithmetic({0, 1}, {1, 1}));
        }
        program.push_back(use({0, 1}));
        ScriptedStream stream(std::vector<Program>(8, program), Bytes(1024));
        run_on_one_sm(stream, a100());
        Cycle last{0};
        for (std::uint32_t warp = 0; warp < 8; ++warp) last = std::max(last, stream.issued(2 * iterations, warp));
        return static_cast<double>((last - stream.issued(0)).value()) / iterations;
    };
    EXPECT_NEAR(time_with(16) - time_with(8), 160 - 96, 0.1 * 64);
    EXPECT_NEAR(time_with(32) - time_with(16), 286 - 160, 0.1 * 126);
}

TEST(SharedAtomics, ThatAddOneDoNotGetSlowerWhenLanesShareAnAddress) {
    const Cycle apart = latency_of(atomic_shared({0, 1}, shared_by(1, 4), AtomicForm::counting));
    const Cycle together = latency_of(atomic_shared({0, 1}, shared_by(32, 4), AtomicForm::counting));
    EXPECT_EQ(together, apart);
    EXPECT_GT(latency_of(atomic_shared({0, 1}, shared_by(32, 4))), apart + Cycle(30));
}

TEST(SharedAtomics, InALoopTakeARoundForEachLaneThatSharesAnAddress) {
    const auto loop = [](std::uint32_t lanes) {
        return latency_of(atomic_shared({0, 1}, shared_by(lanes, 4), AtomicForm::swap_loop)).value();
    };
    EXPECT_GT(loop(1), latency_of(atomic_shared({0, 1}, shared_by(1, 4))).value()) << "it loads first";
    const std::uint64_t round = (loop(8) - loop(1)) / 7;
    EXPECT_GT(round, 30U);
    EXPECT_GE(loop(32), loop(1) + 31 * (round - 4));
}

TEST(SharedAtomics, OfLanesInOneBankTakeTurns) {
    const Cycle spread = latency_of(atomic_shared({0, 1}, strided(4, 4)));
    EXPECT_EQ(latency_of(atomic_shared({0, 1}, strided(128, 4))), spread + Cycle(31));
    EXPECT_EQ(latency_of(atomic_shared({0, 1}, shared_by(32, 0))), spread + Cycle(31));
}

TEST(SharedAtomics, WithoutAResultAreNotWaitedFor) {
    ScriptedStream stream(std::vector<Program>{{atomic_shared({}, shared_by(32, 0)), use({0, 4}), use({})}},
                          Bytes(1024));
    const GpuRunResult result = run_on_one_sm(stream, a100());
    EXPECT_EQ(stream.gap_after(0), Cycle(1));
    EXPECT_EQ(result.counters.at("sm.shared_memory.atomic_wavefronts"), 32U);
    EXPECT_EQ(result.counters.at("sm.shared_memory.conflict_wavefronts"), 31U);
}

TEST(GlobalAtomics, ReturnAfterAboutAnL2Hit) {
    const LaneAccess access = strided(4, 4);
    ScriptedStream stream({load_global({0, 1}, access), use({0, 1}), load_global({0, 1}, access), use({0, 1}),
                           atomic_global({1, 1}, access), use({1, 1}), use({})});
    run_on_one_sm(stream, a100());
    const Cycle hit = stream.gap_after(2);
    EXPECT_GE(stream.gap_after(4), hit);
    // One whose line has its home in the other partition crosses over.
    EXPECT_LE(stream.gap_after(4), hit + a100().memory.l2.far_latency + a100().memory.l2.atomic_latency + Cycle(8));
}

TEST(GlobalAtomics, OfOneAddressTakeTurnsWithinAWarp) {
    const Cycle apart = latency_of(atomic_global({0, 1}, strided(4, 4)));
    const Cycle together = latency_of(atomic_global({0, 1}, strided(0, 4)));
    const double turns = 31 / a100().memory.l2.atomic_turns_per_cycle;
    EXPECT_GE(together, apart + Cycle(static_cast<std::uint64_t>(turns) - 4));
}

/// Cycles of 64 warps on one SM that each do `atomics`.
Cycle time_of(const LaneAccess& access, std::size_t atomics) {
    ScriptedStream stream(std::vector<Program>(64, Program(atomics, atomic_global({}, access))));
    return run_on_one_sm(stream, a100()).cycles;
}

TEST(GlobalAtomics, OfOneAddressTakeTurnsBetweenWarps) {
    constexpr std::size_t atomics = 10;
    const auto turns = static_cast<double>(64 * atomics * warp_lanes);
    const auto together = static_cast<double>(time_of(strided(0, 4), atomics).value());
    const auto apart = static_cast<double>(time_of(strided(4, 4), atomics).value());
    EXPECT_GE(together, turns / a100().memory.l2.atomic_turns_per_cycle);
    EXPECT_LE(together, turns / a100().memory.l2.atomic_turns_per_cycle + 2000);
    EXPECT_LT(apart, together / 4);
}

TEST(GlobalAtomics, WithoutAResultAreNotWaitedForAndEndTheLaunchWhenDone) {
    ScriptedStream stream({atomic_global({}, strided(0, 4)), use({0, 4}), use({})});
    const GpuRunResult result = run_on_one_sm(stream, a100());
    EXPECT_EQ(stream.gap_after(0), Cycle(1));
    EXPECT_GT(result.cycles, stream.issued(0) + Cycle(150));
}

TEST(GlobalAtomics, AreCountedOnce) {
    ScriptedStream stream(std::vector<Program>(
        5, Program{atomic_global({0, 1}, strided(4, 4)), atomic_global({}, strided(0, 4, 4096)), use({0, 1})}));
    const GpuRunResult result = run_on_one_sm(stream, a100());
    EXPECT_EQ(result.traffic.l2_atomic, 5U * (4 + 1) * 32);
    EXPECT_EQ(result.traffic.l2_atomic_turns, 5U * (4 + 32));
    EXPECT_EQ(result.traffic.l2_atomic_miss, 5U * 32) << "each sector once: the first that touches it brings it";
    EXPECT_EQ(result.traffic.sm_atomic, 5U * (128 + 128 + 128)) << "operands of both, old values of the first";
    EXPECT_EQ(result.counters.at("sm.load_store_unit.atomic_bytes"), 5U * (4 + 1) * 32);
    EXPECT_EQ(result.traffic.sm_read + result.traffic.sm_written, 0U);
}

TEST(GlobalAtomics, AreNotHiddenByTheL1) {
    WarpInstruction load = load_global({0, 1}, strided(4, 4));
    load.cache = CacheUse::l1;
    ScriptedStream stream({load, use({0, 1}), atomic_global({}, strided(4, 4)), load, use({0, 1}), use({})});
    const GpuRunResult result = run_on_one_sm(stream, a100());
    EXPECT_EQ(result.counters.at("sm.l1.missed_sectors"), 8U);
}

TEST(Fence, WaitsForTheWarpsStoresAtTheL2) {
    const WarpInstruction fence = plain(OperationClass::fence);
    ScriptedStream alone({fence, use({}), use({})});
    run_on_one_sm(alone, a100());
    EXPECT_LE(alone.gap_after(0), Cycle(5));

    ScriptedStream behind_store({store_global({0, 1}, strided(4, 4)), fence, use({}), use({})});
    run_on_one_sm(behind_store, a100());
    EXPECT_GT(behind_store.gap_after(1), Cycle(150));

    ScriptedStream behind_reduction({atomic_global({}, strided(0, 4)), fence, use({}), use({})});
    run_on_one_sm(behind_reduction, a100());
    EXPECT_GT(behind_reduction.gap_after(1), Cycle(150));
}

TEST(Fence, WaitsForTheWarpsLoads) {
    ScriptedStream stream({load_global({0, 1}, strided(4, 4)), plain(OperationClass::fence), use({}), use({})});
    run_on_one_sm(stream, a100());
    EXPECT_GT(stream.gap_after(0), Cycle(400));
    EXPECT_LE(stream.gap_after(1), Cycle(5));
}

TEST(Fence, DoesNotWaitForOtherWarps) {
    const Program stores(50, store_global({0, 1}, strided(128, 4)));
    const Program fence{plain(OperationClass::fence), use({}), use({})};
    ScriptedStream stream(std::vector<Program>{fence, stores});
    run_on_one_sm(stream, a100());
    EXPECT_LE(stream.gap_after(0), Cycle(40));
}

TEST(Fence, AndAtomicsTakeTheSameTimeInAnyOrderOfConstruction) {
    const auto cycles = [](std::uint64_t seed) {
        Program program;
        for (std::uint64_t i = 0; i < 8; ++i) {
            program.push_back(store_global({0, 1}, strided(4, 4, i * 512)));
            program.push_back(atomic_global({static_cast<std::uint8_t>(i), 1}, strided(i % 2 * 4, 4)));
            program.push_back(atomic_shared({20, 1}, shared_by(1U << i % 4, 4)));
            program.push_back(plain(OperationClass::fence));
        }
        ScriptedStream stream(std::vector<Program>(8, program), Bytes(1024));
        return run_on_one_sm(stream, a100(), nullptr, seed).cycles;
    };
    const Cycle once = cycles(0);
    for (const std::uint64_t seed : {3, 4, 5}) EXPECT_EQ(cycles(seed), once) << seed;
}

}  // namespace
}  // namespace stcsim::testing
