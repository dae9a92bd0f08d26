/// Barriers wait for all warps of the CTA, and data of cp.async is there after the wait and not before.

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <gtest/gtest.h>

#include "a100.h"
#include "scripted_stream.h"
#include "warp_instructions.h"

namespace stcsim::testing {
namespace {

/// `length` arithmetic operations, a barrier, one more operation.
Program work_then_barrier(std::size_t length) {
    Program program(length, arithmetic({}));
    program.push_back(barrier());
    program.push_back(arithmetic({}));
    program.push_back(arithmetic({}));
    return program;
}

TEST(Barrier, ReleasesAllWarpsItsLatencyAfterTheLastOneHasArrived) {
    ScriptedStream stream({work_then_barrier(5), work_then_barrier(200), work_then_barrier(0), work_then_barrier(40)});
    const GpuRunResult result = run_on_one_sm(stream, a100());
    const Cycle last_arrival = stream.issued(200, 1);
    // One cycle from the scheduler to the unit.
    const Cycle released = last_arrival + Cycle(1) + a100().sm.barrier_unit.latency;
    EXPECT_EQ(stream.issued(6, 0), released);
    EXPECT_EQ(stream.issued(201, 1), released);
    EXPECT_EQ(stream.issued(1, 2), released);
    EXPECT_EQ(stream.issued(41, 3), released);
    EXPECT_EQ(result.counters.at("sm.barrier_unit.barriers"), 1U);
}

TEST(Barrier, OfOneCtaDoesNotHoldAnother) {
    const CtaResources two_warps{.warps = 2};
    ScriptedStream stream(two_warps, 2, [](CtaIndex cta, std::uint32_t warp) {
        return work_then_barrier(cta == CtaIndex(1) && warp == 1 ? 2000 : 10);
    });
    run_on_one_sm(stream, a100());
    EXPECT_LT(stream.issued(11, 0, CtaIndex(0)), stream.start_of(CtaIndex(0)) + Cycle(200));
    EXPECT_GT(stream.issued(11, 0, CtaIndex(1)), stream.start_of(CtaIndex(1)) + Cycle(2000));
}

TEST(Barrier, CanBeUsedAgainAndAgain) {
    Program program;
    for (int i = 0; i < 50; ++i) {
        program.push_back(arithmetic({}));
        program.push_back(barrier());
    }
    ScriptedStream stream(std::vector<Program>(8, program));
    const GpuRunResult result = run_on_one_sm(stream, a100());
    EXPECT_EQ(result.counters.at("sm.barrier_unit.barriers"), 50U);
}

WarpInstruction numbered_barrier(std::uint8_t number, std::uint8_t warps, bool waits = true) {
    WarpInstruction instruction = barrier();
    instruction.barrier = number;
    instruction.barrier_warps = warps;
    instruction.barrier_waits = waits;
    return instruction;
}

WarpInstruction fence(RegisterRange destination) {
    WarpInstruction instruction = plain(OperationClass::fence);
    instruction.destination = destination;
    return instruction;
}

TEST(Fence, IsAnsweredWhenTheStoresBeforeItHaveReachedTheL2) {
    const RegisterRange answer{100, 1};
    const auto waits = [&](std::uint32_t stores) {
        Program program;
        for (std::uint32_t i = 0; i < stores; ++i) {
            program.push_back(store_global({0, 4}, strided(16, 16, std::uint64_t{i} * 512)));
        }
        program.push_back(fence(answer));
        program.push_back(use(answer));
        program.push_back(arithmetic({}));
        ScriptedStream stream(program);
        run_on_one_sm(stream, a100());
        return stream.gap_after(stores);
    };
    const Cycle there_and_back = a100().memory.interconnect.latency + a100().sm.load_store_unit.latency;
    EXPECT_LT(waits(0), Cycle(20)) << "nothing to wait for";
    EXPECT_GT(waits(1), there_and_back);
    EXPECT_GT(waits(8), waits(1)) << "the last of them leaves later";
}

TEST(Fence, DoesNotWaitForStoresOfOtherWarps) {
    const RegisterRange answer{100, 1};
    const Program fenced{fence(answer), use(answer), arithmetic({})};
    Program stores(30, store_global({0, 4}, strided(16, 16)));
    stores.push_back(arithmetic({}));
    ScriptedStream stream({fenced, stores});
    run_on_one_sm(stream, a100());
    EXPECT_LT(stream.gap_after(0, 0), Cycle(20));
}

TEST(Addition, AddsElementsOfRegistersWithValues) {
    for (const auto& [type, expected] : {std::pair{ElementType::f32, 0x40400000U}, {ElementType::s32, 0x7F800000U}}) {
        GlobalValues memory;
        std::vector<std::byte> bytes(256);
        for (std::uint32_t lane = 0; lane < 32; ++lane) {
            const std::array<std::uint32_t, 2> one_and_two{0x3F800000, 0x40000000};
            std::memcpy(&bytes[std::size_t{lane} * 8], one_and_two.data(), 8);
        }
        memory.allocate(0, bytes);
        WarpInstruction add = arithmetic({0, 1}, {1, 1});
        add.adds = true;
        add.unpacked = type;
        ScriptedStream stream(Program{load_global({0, 2}, strided(8, 8)), add});
        run_on_one_sm(stream, a100(), &memory);
        EXPECT_EQ(stream.registers()[0][7], expected);
        EXPECT_EQ(stream.registers()[1][7], 0x40000000U);
    }
}

TEST(Barrier, DoesNotWaitForWarpsThatHaveEnded) {
    const Program ends_early{arithmetic({})};
    ScriptedStream stream({work_then_barrier(300), ends_early, work_then_barrier(5), ends_early});
    const GpuRunResult result = run_on_one_sm(stream, a100());
    EXPECT_GT(stream.issued(6, 2), stream.issued(300, 0));
    EXPECT_EQ(result.counters.at("sm.barrier_unit.barriers"), 1U);
}

TEST(Barrier, CompletesWhenTheLastWarpItWaitsForEnds) {
    ScriptedStream stream({Program(500, arithmetic({})), work_then_barrier(5)});
    run_on_one_sm(stream, a100());
    EXPECT_GT(stream.issued(6, 1), stream.issued(499, 0));
}

TEST(Barrier, WithACountIsForThatManyWarps) {
    const auto pair = [](std::uint8_t number, std::size_t work) {
        Program program(work, arithmetic({}));
        program.push_back(numbered_barrier(number, 2));
        program.push_back(arithmetic({}));
        program.push_back(arithmetic({}));
        return program;
    };
    ScriptedStream stream({pair(1, 10), pair(1, 20), pair(2, 10), pair(2, 3000)});
    const GpuRunResult result = run_on_one_sm(stream, a100());
    EXPECT_LT(stream.issued(11, 0), stream.start_of(CtaIndex(0)) + Cycle(200));
    EXPECT_GT(stream.issued(11, 2), stream.issued(3000, 3));
    EXPECT_EQ(result.counters.at("sm.barrier_unit.barriers"), 2U);
}

TEST(Barrier, ThatAWarpOnlyArrivesAtHoldsTheOthersAndNotIt) {
    const Program producer{arithmetic({}), numbered_barrier(3, 2, false), arithmetic({}), arithmetic({})};
    Program consumer(400, arithmetic({}));
    consumer.push_back(numbered_barrier(3, 2));
    consumer.push_back(arithmetic({}));
    consumer.push_back(arithmetic({}));
    ScriptedStream stream({producer, consumer});
    run_on_one_sm(stream, a100());
    EXPECT_LT(stream.issued(2, 0), stream.issued(400, 1));
    EXPECT_GE(stream.issued(401, 1), stream.issued(400, 1) + a100().sm.barrier_unit.latency);
}

constexpr std::uint64_t source = 0x10000;

/// Two KiB of global memory in which word i is i + 1.
GlobalValues numbered_memory() {
    std::vector<std::byte> bytes(2048);
    for (std::uint32_t i = 0; i < 512; ++i) {
        const std::uint32_t word = i + 1;
        std::memcpy(&bytes[i * 4], &word, sizeof word);
    }
    GlobalValues memory;
    memory.allocate(source, std::move(bytes));
    return memory;
}

/// cp.async of 512 bytes from block `block` of the source to that of the shared memory.
WarpInstruction copy_block(std::uint64_t block, std::uint32_t from = all_lanes) {
    return copy_async(strided(16, 16, block * 512), strided(16, 16, source + block * 512, from));
}

/// Loads the first words that the lanes copied in a block.
WarpInstruction load_block(std::uint8_t destination, std::uint64_t block) {
    return load_shared({destination, 1}, strided(16, 4, block * 512));
}

WarpRegister words_of_block(std::uint32_t block) {
    WarpRegister words{};
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) words[lane] = block * 128 + lane * 4 + 1;
    return words;
}

WarpRegister nobody_wrote() {
    WarpRegister words{};
    words.fill(0xFFFFFFFF);
    return words;
}

ScriptedStream one_warp(const Program& program) {
    return ScriptedStream(std::vector<Program>{program}, Bytes(4096));
}

TEST(AsyncCopy, DataIsThereAfterTheWaitAndNotBefore) {
    GlobalValues memory = numbered_memory();
    ScriptedStream stream = one_warp(
        {copy_block(0), commit_group(), load_block(0, 0), wait_group(0), load_block(1, 0), use({0, 2}), use({})});
    run_on_one_sm(stream, a100(), &memory);
    EXPECT_EQ(stream.registers()[0], nobody_wrote());
    EXPECT_EQ(stream.registers()[1], words_of_block(0));
    EXPECT_GT(stream.gap_after(2), a100().memory.l2.hit_latency + a100().memory.hbm.latency)
        << "the wait took its time";
}

TEST(AsyncCopy, AWaitForAllButTheNewestGroupBringsTheOlderOne) {
    GlobalValues memory = numbered_memory();
    // The newest group is issued last and comes from far away: the loads behind the wait find it missing.
    Program program{copy_block(0), commit_group()};
    for (int i = 0; i < 100; ++i) program.push_back(arithmetic({}));
    const Program rest{copy_block(1), commit_group(),   wait_group(1), load_block(0, 0), load_block(1, 1),
                       wait_group(0), load_block(2, 1), use({0, 3}),   use({})};
    program.insert(program.end(), rest.begin(), rest.end());
    ScriptedStream stream = one_warp(program);
    GpuParameters one_partition = a100();
    one_partition.memory.l2.far_latency = Cycle(0);
    run_on_one_sm(stream, one_partition, &memory);
    EXPECT_EQ(stream.registers()[0], words_of_block(0));
    EXPECT_EQ(stream.registers()[1], nobody_wrote());
    EXPECT_EQ(stream.registers()[2], words_of_block(1));
}

TEST(AsyncCopy, AWaitDoesNotCoverACopyThatIsNotCommitted) {
    GlobalValues memory = numbered_memory();
    ScriptedStream stream = one_warp({copy_block(0), wait_group(0), load_block(0, 0), use({0, 1}), use({})});
    run_on_one_sm(stream, a100(), &memory);
    EXPECT_EQ(stream.gap_after(0), Cycle(1));
    EXPECT_EQ(stream.registers()[0], nobody_wrote());
}

TEST(AsyncCopy, LanesWithoutSourceAreZeroFilled) {
    GlobalValues memory = numbered_memory();
    ScriptedStream stream = one_warp({copy_block(0, 0x0000FFFF), copy_block(1, 0), commit_group(), wait_group(0),
                                      load_block(0, 0), load_block(1, 1), use({0, 2})});
    const GpuRunResult result = run_on_one_sm(stream, a100(), &memory);
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        EXPECT_EQ(stream.registers()[0][lane], lane < 16 ? words_of_block(0)[lane] : 0U);
        EXPECT_EQ(stream.registers()[1][lane], 0U);
    }
    EXPECT_EQ(result.counters.at("sm.load_store_unit.read_bytes"), 256U) << "what is zero-filled is not fetched";
    EXPECT_EQ(result.counters.at("sm.shared_memory.filled_bytes"), 1024U);
}

TEST(AsyncCopy, ACtaEndsOnlyWhenItsCopiesHave) {
    GlobalValues memory = numbered_memory();
    ScriptedStream stream = one_warp({copy_block(0)});
    const GpuRunResult result = run_on_one_sm(stream, a100(), &memory);
    EXPECT_EQ(result.counters.at("sm.shared_memory.filled_bytes"), 512U);
    EXPECT_GT(result.cycles, stream.issued(0) + a100().memory.l2.hit_latency + a100().memory.hbm.latency);
}

TEST(Exit, WaitsForResultsThatNobodyUses) {
    const Program loads{load_shared({0, 1}, strided(128, 4)), load_global({1, 1}, strided(4, 4, source)),
                        mma(mma_instruction_named("mma.m16n8k16.f32.f16.f16.f32"), {32, 4}, 8, 16)};
    for (const WarpInstruction& last : loads) {
        ScriptedStream stream({last});
        const GpuRunResult result = run_on_one_sm(stream, a100());
        EXPECT_GT(result.cycles, stream.issued(0) + Cycle(23));
    }
    ScriptedStream all(loads);
    EXPECT_NO_THROW(run_on_one_sm(all, a100()));
}

TEST(GlobalStore, ReachesMemoryAndIsWaitedForByTheRun) {
    GlobalValues memory = numbered_memory();
    ScriptedStream stream(
        {load_global({0, 4}, strided(16, 16, source)), store_global({0, 4}, strided(16, 16, source + 1024)), use({})});
    const GpuRunResult result = run_on_one_sm(stream, a100(), &memory);
    const auto bytes = memory.allocation(source);
    EXPECT_TRUE(std::ranges::equal(bytes.subspan(0, 512), bytes.subspan(1024, 512)));
    EXPECT_EQ(result.counters.at("memory.l2.written_sectors"), 16U);
    EXPECT_GT(result.cycles, stream.issued(1) + a100().memory.l2.hit_latency);
}

TEST(SharedStore, IsSeenByALoadBehindABarrier) {
    GlobalValues memory = numbered_memory();
    const Program writer{load_global({0, 1}, strided(4, 4, source)), store_shared({0, 1}, strided(4, 4)), barrier()};
    const Program reader{barrier(), load_shared({0, 1}, strided(4, 4)), use({0, 1})};
    ScriptedStream stream(std::vector<Program>{writer, reader}, Bytes(1024));
    run_on_one_sm(stream, a100(), &memory);
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) EXPECT_EQ(stream.registers(1)[0][lane], lane + 1);
}

TEST(Values, ChangeNoCycle) {
    const auto cycles = [](GlobalValues* memory) {
        ScriptedStream stream =
            one_warp({copy_block(0), commit_group(), wait_group(0), load_matrix({0, 4}), load_matrix({8, 4}),
                      mma(mma_instruction_named("mma.m16n8k16.f32.f16.f16.f32"), {32, 4}, 0, 8),
                      store_global({32, 4}, strided(16, 16, source))});
        return run_on_one_sm(stream, a100(), memory).cycles;
    };
    GlobalValues memory = numbered_memory();
    EXPECT_EQ(cycles(&memory), cycles(nullptr));
}

}  // namespace
}  // namespace stcsim::testing
