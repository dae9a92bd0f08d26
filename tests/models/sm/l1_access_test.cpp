/// Loads through the L1 on the machine: how long they take, what they ask of the L2, what they take of the array.

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "a100.h"
#include "scripted_stream.h"
#include "sm/coalescing.h"
#include "warp_instructions.h"

namespace stcsim::testing {
namespace {

WarpInstruction cached(WarpInstruction instruction) {
    instruction.cache = CacheUse::l1;
    return instruction;
}

WarpInstruction cached_load(RegisterRange destination, const LaneAccess& access) {
    return cached(load_global(destination, access));
}

// Measured in arXiv 2208.11174: 33 cycles, ten more than a load from shared memory; arXiv 2503.20481 measures 32, 34
// and 38 cycles for 4, 8 and 16 bytes on GA102.
TEST(L1Access, OfWhatIsPresentTakesTheTagsLongerThanASharedLoad) {
    const auto hit_of = [](std::uint8_t bytes) {
        const LaneAccess access = strided(bytes, bytes);
        const RegisterRange data{0, static_cast<std::uint8_t>(bytes / 4)};
        ScriptedStream stream({cached_load(data, access), use(data), cached_load(data, access), use(data), use({})});
        run_on_one_sm(stream, a100());
        return stream.gap_after(2);
    };
    EXPECT_EQ(hit_of(4), Cycle(33));
    EXPECT_EQ(hit_of(8), Cycle(35));
    EXPECT_EQ(hit_of(16), Cycle(39));
}

TEST(L1Access, OfWhatIsNotPresentTakesAsLongAsPastTheL1) {
    const auto miss_of = [](bool through_l1) {
        const WarpInstruction load = load_global({0, 1}, strided(4, 4, 4096));
        ScriptedStream stream({through_l1 ? cached(load) : load, use({0, 1}), use({})});
        run_on_one_sm(stream, a100());
        return stream.gap_after(0);
    };
    EXPECT_EQ(miss_of(true), miss_of(false));
}

TEST(L1Access, PastItNeverHits) {
    const WarpInstruction past = load_global({0, 1}, strided(4, 4));
    ScriptedStream stream({cached_load({0, 1}, strided(4, 4)), use({0, 1}), past, use({0, 1}), use({})});
    const GpuRunResult result = run_on_one_sm(stream, a100());
    EXPECT_GT(stream.gap_after(2), Cycle(150));
    EXPECT_EQ(result.counters.at("sm.l1.requests"), 1U);
}

TEST(L1Access, OfSectorsOnTheirWayAsksForNothingAndWaitsForThem) {
    const LaneAccess access = strided(4, 4);
    ScriptedStream stream(
        {cached_load({0, 1}, access), cached_load({1, 1}, access), use({0, 1}), use({1, 1}), use({})});
    const GpuRunResult result = run_on_one_sm(stream, a100());
    EXPECT_EQ(result.counters.at("sm.l1.missed_sectors"), 4U);
    EXPECT_EQ(result.counters.at("sm.l1.merged_sectors"), 4U);
    EXPECT_EQ(result.traffic.sm_read, 128U);
    EXPECT_GT(stream.gap_after(1), Cycle(200));
    EXPECT_LE(stream.gap_after(2), Cycle(2)) << "both come with the same data";
}

TEST(L1Access, CountsEverySectorOnce) {
    Program program;
    for (std::uint64_t i = 0; i < 40; ++i) {
        program.push_back(cached_load({static_cast<std::uint8_t>(i % 8), 1}, strided(8, 4, i * 7 % 13 * 96)));
    }
    ScriptedStream stream(std::vector<Program>(6, program));
    const GpuRunResult result = run_on_one_sm(stream, a100());
    std::vector<SectorRequest> requests;
    std::uint64_t touched = 0;
    for (const WarpInstruction& load : program) touched += coalesce(load.global, a100().memory.l2, requests);
    const auto count = [&](const char* name) { return result.counters.at(std::string("sm.l1.") + name); };
    EXPECT_EQ(count("hit_sectors") + count("merged_sectors") + count("missed_sectors"), 6 * touched);
    EXPECT_EQ(count("missed_sectors") * 32, result.traffic.sm_read);
    EXPECT_EQ(count("requests"), 6U * 40);
    EXPECT_GT(count("hit_sectors"), 0U);
}

TEST(L1Access, SeesStoresOfItsSmWithoutKeepingThem) {
    const LaneAccess access = strided(4, 4);
    // A store leaves nothing; one to what is present takes a wavefront of the array.
    ScriptedStream stream({store_global({4, 1}, access), cached_load({0, 1}, access), use({0, 1}),
                           store_global({4, 1}, access), cached_load({0, 1}, access), use({0, 1}), use({})});
    const GpuRunResult result = run_on_one_sm(stream, a100());
    EXPECT_EQ(result.counters.at("sm.l1.missed_sectors"), 4U);
    EXPECT_EQ(result.counters.at("sm.l1.hit_sectors"), 4U);
    EXPECT_EQ(result.counters.at("sm.l1.updates"), 1U);
    EXPECT_EQ(result.counters.at("sm.shared_memory.l1_wavefronts"), 2U);
    EXPECT_EQ(result.traffic.sm_written, 256U);
}

TEST(L1Access, KeepsLocalStores) {
    const LaneAccess access = strided(4, 4);
    ScriptedStream stream({cached(store_global({4, 1}, access)), cached_load({0, 1}, access), use({0, 1}), use({})});
    const GpuRunResult result = run_on_one_sm(stream, a100());
    EXPECT_EQ(result.counters.at("sm.l1.hit_sectors"), 4U);
    EXPECT_EQ(result.traffic.sm_written, 128U) << "written through";
}

TEST(L1Access, IsEmptiedByAnAcquire) {
    WarpInstruction acquire = load_global({1, 1}, strided(0, 4, 8192));
    acquire.cache = CacheUse::acquire;
    const LaneAccess access = strided(4, 4);
    ScriptedStream stream({cached_load({0, 1}, access), use({0, 1}), acquire, use({1, 1}), cached_load({0, 1}, access),
                           use({0, 1}), use({})});
    const GpuRunResult result = run_on_one_sm(stream, a100());
    EXPECT_EQ(result.counters.at("sm.l1.missed_sectors"), 8U);
    EXPECT_EQ(result.counters.at("sm.l1.invalidations"), 1U);
}

TEST(L1Access, SharesItsRoomWithSharedMemory) {
    // 64 KiB are read twice: they fit beside little shared memory, not beside all of it.
    const auto hits_beside = [](Bytes shared) {
        Program program;
        for (int round = 0; round < 2; ++round) {
            for (std::uint64_t line = 0; line < 512; line += 4) {
                program.push_back(cached_load({0, 4}, strided(16, 16, line * 128)));
            }
            program.push_back(use({0, 4}));
        }
        ScriptedStream stream(std::vector<Program>{program}, shared);
        return run_on_one_sm(stream, a100()).counters.at("sm.l1.hit_sectors");
    };
    EXPECT_EQ(hits_beside(Bytes(0)), 2048U);
    EXPECT_LT(hits_beside(Bytes(160 * 1024)), 1024U);
}

/// Cycles in which 8 warps read 4 KiB `loads` times each, with everything present.
Cycle time_of_hits(const LaneAccess& access, std::uint8_t registers, std::size_t loads,
                   WarpInstruction (*beside)() = nullptr) {
    Program program{cached_load({0, registers}, access), use({0, registers}), barrier()};
    const std::size_t first = program.size();
    for (std::size_t i = 0; i < loads; ++i) {
        program.push_back(cached_load({static_cast<std::uint8_t>(registers * (i % 4)), registers}, access));
        if (beside != nullptr) program.push_back(beside());
    }
    program.push_back(use({0, 64}));
    ScriptedStream stream(std::vector<Program>(8, program), Bytes(4096));
    run_on_one_sm(stream, a100());
    Cycle begin = never;
    Cycle end{0};
    for (std::uint32_t warp = 0; warp < 8; ++warp) {
        begin = std::min(begin, stream.issued(first, warp));
        end = std::max(end, stream.issued(program.size() - 1, warp));
    }
    return end - begin;
}

TEST(L1Access, IsBoundByTheWavefrontsOfTheArray) {
    constexpr std::size_t loads = 64;
    const double wavefronts = 8.0 * loads * 4;
    const auto taken = static_cast<double>(time_of_hits(strided(16, 16), 4, loads).value());
    const double share = a100().sm.l1.wavefronts_per_lost_cycle / (a100().sm.l1.wavefronts_per_lost_cycle + 1.0);
    EXPECT_GE(taken, wavefronts / share);
    EXPECT_LE(taken, wavefronts / share + 60);
}

TEST(L1Access, TakesAWavefrontForEachWordOfABank) {
    const Cycle one_line = time_of_hits(strided(4, 4), 1, 32);
    const Cycle one_bank = time_of_hits(strided(128, 4), 1, 32);
    EXPECT_GE(one_bank, Cycle(8 * 32 * 32));
    EXPECT_LE(one_line, Cycle(8 * 32 * 2));
}

TEST(L1Access, SharesTheArrayWithSharedMemory) {
    const auto beside = [] { return load_shared({40, 4}, strided(16, 16)); };
    const Cycle alone = time_of_hits(strided(16, 16), 4, 32);
    const Cycle both = time_of_hits(strided(16, 16), 4, 32, beside);
    EXPECT_GE(both + Cycle(60), alone + Cycle(8 * 32 * 4)) << "but for the first load's latency";
}

TEST(L1Access, LetsCpAsyncHitToo) {
    const LaneAccess global = strided(4, 4, 4096);
    WarpInstruction copy = cached(copy_async(strided(4, 4), global));
    ScriptedStream stream(std::vector<Program>{{cached_load({0, 1}, global), use({0, 1}), copy, commit_group(),
                                                wait_group(0), load_shared({1, 1}, strided(4, 4)), use({1, 1})}},
                          Bytes(1024));
    const GpuRunResult result = run_on_one_sm(stream, a100());
    EXPECT_EQ(result.counters.at("sm.l1.hit_sectors"), 4U);
    EXPECT_EQ(result.traffic.sm_read, 128U);
    EXPECT_LT(stream.issued(4) - stream.issued(2), Cycle(40));
}

TEST(L1Access, BringsTheValuesOfMemory) {
    GlobalValues memory;
    std::vector<std::byte> bytes(256);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
    memory.allocate(0, std::move(bytes));
    ScriptedStream stream(
        {cached_load({0, 1}, strided(4, 4)), use({0, 1}), cached_load({1, 1}, strided(4, 4)), use({1, 1}), use({})});
    run_on_one_sm(stream, a100(), &memory);
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        const std::uint32_t first = 4 * lane;
        const std::uint32_t expected = first | (first + 1) << 8U | (first + 2) << 16U | (first + 3) << 24U;
        EXPECT_EQ(stream.registers()[0][lane], expected) << "missed";
        EXPECT_EQ(stream.registers()[1][lane], expected) << "hit";
    }
}

TEST(L1Access, TakesTheSameTimeInAnyOrderOfConstruction) {
    const auto cycles = [](std::uint64_t seed) {
        Program program;
        for (std::uint64_t i = 0; i < 60; ++i) {
            const LaneAccess access = strided(i % 3 * 4 + 4, 4, i * 11 % 17 * 256);
            program.push_back(i % 5 == 4 ? store_global({0, 1}, access)
                                         : cached_load({static_cast<std::uint8_t>(i % 6), 1}, access));
        }
        ScriptedStream stream(std::vector<Program>(8, program));
        return run_on_one_sm(stream, a100(), nullptr, seed).cycles;
    };
    const Cycle once = cycles(0);
    for (const std::uint64_t seed : {3, 4, 5}) EXPECT_EQ(cycles(seed), once) << seed;
}

}  // namespace
}  // namespace stcsim::testing
