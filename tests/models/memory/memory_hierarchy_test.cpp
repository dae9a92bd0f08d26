/// The memory seen by its SMs: latencies, bandwidths, and that what is asked for is what is moved.

#include "memory/memory_hierarchy.h"

#include <algorithm>
#include <bit>
#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "a100.h"

namespace stcsim::testing {
namespace {

constexpr std::uint32_t whole_line = 0xF;
constexpr std::uint32_t first_sector = 0x1;

const GpuParameters& gpu() {
    static const GpuParameters parameters = a100();
    return parameters;
}

MemoryHierarchy hierarchy(std::uint32_t sms, const MemoryParameters& parameters = gpu().memory) {
    return {parameters, sms, gpu().clock_hz};
}

LineAccess read(std::uint64_t line, std::uint32_t sm = 0, std::uint32_t sectors = whole_line) {
    return {.sm = SmIndex(sm), .line = line, .sectors = sectors, .write = false};
}

LineAccess write(std::uint64_t line, std::uint32_t sm = 0) {
    return {.sm = SmIndex(sm), .line = line, .sectors = whole_line, .write = true};
}

/// Makes accesses one after the other, each when everything before has long been over.
class Chain {
  public:
    explicit Chain(MemoryHierarchy& memory) : memory_(memory) {}
    /// The access's latency in cycles.
    Cycle operator()(const LineAccess& access) {
        now_ += Cycle(100'000);
        return memory_.access(access, now_) - now_;
    }

  private:
    MemoryHierarchy& memory_;
    Cycle now_{0};
};

/// What a hit takes beside the transfers.
Cycle on_the_way() {
    return gpu().memory.interconnect.latency * 2 + gpu().memory.l2.hit_latency;
}

/// Expects `latency` plus a few cycles for the transfers of a sector.
void expect_latency(Cycle actual, Cycle latency) {
    EXPECT_GE(actual, latency);
    EXPECT_LE(actual, latency + Cycle(6));
}

/// The first line from `from` on with its home in the partition of SM 0 (of two), or in the other one.
std::uint64_t line_at_home(bool at_home, std::uint64_t from = 0) {
    MemoryHierarchy memory = hierarchy(2);
    Chain latency(memory);
    const Cycle between = on_the_way() + gpu().memory.hbm.latency + Cycle(gpu().memory.l2.far_latency.value() / 2);
    while ((latency(read(from, 0, first_sector)) < between) != at_home) ++from;
    return from;
}

TEST(MemoryHierarchy, AMissTakesTheMemoryLatencyMoreThanANearHitAndTheFarLatencyBesideFromTheOtherPartition) {
    const Cycle memory_latency = gpu().memory.hbm.latency;
    for (const bool at_home : {true, false}) {
        const Cycle far = at_home ? Cycle(0) : gpu().memory.l2.far_latency;
        const std::uint64_t line = line_at_home(at_home);
        MemoryHierarchy memory = hierarchy(2);
        Chain latency(memory);
        expect_latency(latency(read(line, 0, first_sector)), on_the_way() + memory_latency + far);
        expect_latency(latency(read(line, 0, first_sector)), on_the_way());
    }
}

TEST(MemoryHierarchy, WhatTheOtherPartitionHoldsIsAFarHitAndNearFromThenOn) {
    const std::uint64_t line = line_at_home(false);
    MemoryHierarchy memory = hierarchy(2);
    Chain latency(memory);
    latency(read(line, 1, first_sector));
    expect_latency(latency(read(line, 0, first_sector)), on_the_way() + gpu().memory.l2.far_latency);
    expect_latency(latency(read(line, 0, first_sector)), on_the_way());
    EXPECT_EQ(memory.traffic().l2_miss, 32U);
    EXPECT_EQ(memory.traffic().l2_far_hit, 32U);
    EXPECT_EQ(memory.traffic().l2_hit, 32U);
}

TEST(MemoryHierarchy, AWriteGoesToTheHomeAndTheOtherPartitionLosesItsCopy) {
    const std::uint64_t line = line_at_home(false);
    MemoryHierarchy memory = hierarchy(2);
    Chain latency(memory);
    latency(read(line, 0));
    latency(write(line, 1));
    EXPECT_GT(latency(read(line, 0)), on_the_way() + gpu().memory.l2.far_latency);
    EXPECT_EQ(memory.traffic().l2_far_hit, 128U);
    EXPECT_EQ(memory.traffic().l2_miss, 128U) << "the first read only";
    EXPECT_EQ(memory.traffic().hbm_written, 0);
}

TEST(MemoryHierarchy, AnOpenRowSavesItsOpening) {
    const std::uint64_t line = line_at_home(true) & ~std::uint64_t{7};
    MemoryHierarchy memory = hierarchy(1);
    Chain latency(memory);
    std::map<bool, Cycle> shortest{{true, never}, {false, never}};
    for (std::uint64_t i = 0; i < 8; ++i) {
        const double opened = memory.traffic().row_activations;
        const Cycle taken = latency(read(line + i, 0, first_sector));
        Cycle& least = shortest[memory.traffic().row_activations > opened];
        least = std::min(least, taken);
    }
    const double opening = gpu().memory.hbm.row_open_seconds * gpu().clock_hz;
    EXPECT_EQ(memory.traffic().row_activations, 1);
    EXPECT_LE(static_cast<double>(shortest.at(false).value()),
              static_cast<double>((on_the_way() + gpu().memory.hbm.latency).value()) - opening + 5);
}

TEST(MemoryHierarchy, GoesToMemoryOnceHoweverManyWait) {
    MemoryHierarchy memory = hierarchy(10);
    for (std::uint32_t sm = 0; sm < 10; ++sm) memory.access(read(1, sm), Cycle(0));
    EXPECT_EQ(memory.traffic().l2_miss, 128U);
    EXPECT_EQ(memory.traffic().l2_merged, 9U * 128);
    EXPECT_EQ(memory.traffic().hbm_read, 128);
    for (std::uint32_t sm = 0; sm < 10; ++sm) memory.access(read(1, sm), Cycle(3000));
    EXPECT_EQ(memory.traffic().l2_hit, 10U * 128);
}

TEST(MemoryHierarchy, AMergedReadIsBackWhenTheFirstOneIs) {
    MemoryHierarchy memory = hierarchy(1);
    const Cycle first = memory.access(read(line_at_home(true), 0), Cycle(0));
    const Cycle second = memory.access(read(line_at_home(true), 0), Cycle(100));
    EXPECT_GE(second, first);
    EXPECT_LE(second, first + Cycle(5));
}

TEST(MemoryHierarchy, FetchesSectorsOnDemand) {
    MemoryHierarchy memory = hierarchy(1);
    Chain latency(memory);
    for (const std::uint32_t sectors : {0b0001U, 0b0011U, 0b0011U}) latency(read(1, 0, sectors));
    EXPECT_EQ(memory.traffic().l2_miss, 64U);
    EXPECT_EQ(memory.traffic().l2_hit, 96U);
    EXPECT_EQ(memory.traffic().hbm_read, 64);
}

TEST(MemoryHierarchy, WritesBackWhatIsWrittenBeyondTheShareOfTheCapacityAndKeepsItReadable) {
    const std::uint64_t kept = 5;
    const double share = static_cast<double>(kept * 128) / static_cast<double>(gpu().memory.l2.capacity.value());
    MemoryHierarchy memory(gpu().memory, 1, gpu().clock_hz, {}, share * 1.0001);
    Chain latency(memory);
    for (std::uint64_t line = 1; line <= 12; ++line) latency(write(line));
    for (std::uint64_t line = 1; line <= 12; ++line) latency(read(line));
    EXPECT_EQ(memory.traffic().hbm_written, (12 - kept) * 128.0);
    EXPECT_EQ(memory.traffic().hbm_read, 0);
}

TEST(MemoryHierarchy, WritesALineBackWhenItIsReplaced) {
    MemoryParameters parameters = gpu().memory;
    parameters.l2.partitions = 1;
    parameters.l2.ways = 2;
    parameters.l2.capacity = parameters.l2.line * 2;
    MemoryHierarchy memory = hierarchy(1, parameters);
    Chain latency(memory);
    for (const LineAccess& access : {write(1), read(1), read(2), read(3)}) latency(access);
    EXPECT_EQ(memory.traffic().l2_hit, 128U);
    EXPECT_EQ(memory.traffic().hbm_written, 128);
    EXPECT_EQ(memory.traffic().hbm_read, 256) << "a write does not fetch";
}

/// Accesses made all at once, in the order of their SMs: the cycle in which the last is back.
Cycle last_of(MemoryHierarchy& memory, const std::vector<LineAccess>& accesses) {
    Cycle last{0};
    for (const LineAccess& access : accesses) last = std::max(last, memory.access(access, Cycle(0)));
    return last;
}

/// Checks that moving `bytes` took no less than `bytes_per_cycle` allows, and hardly more.
void expect_bandwidth(Cycle taken, std::uint64_t bytes, double bytes_per_cycle) {
    const double least = static_cast<double>(bytes) / bytes_per_cycle;
    EXPECT_GE(static_cast<double>(taken.value()), least);
    EXPECT_LE(static_cast<double>(taken.value()), 1.02 * least + 1000);
}

TEST(MemoryHierarchy, OneSmGetsNoMoreThanItsLinkCarries) {
    MemoryHierarchy memory = hierarchy(1);
    for (std::uint64_t line = 0; line < 4000; ++line) memory.access(read(line), Cycle(0));
    Cycle last{0};
    const Cycle start(1'000'000);
    for (std::uint64_t line = 0; line < 4000; ++line) last = std::max(last, memory.access(read(line), start));
    expect_bandwidth(last - start, 4000 * 128, static_cast<double>(gpu().memory.interconnect.bytes_per_cycle.value()));
}

TEST(MemoryHierarchy, OneSliceServesNoMoreThanItsBandwidth) {
    MemoryHierarchy memory = hierarchy(32);
    std::vector<LineAccess> accesses;
    for (std::uint32_t i = 0; i < 8000; ++i) accesses.push_back(read(1, i % 16 * 2));  // SMs of one partition
    expect_bandwidth(last_of(memory, accesses), 8000 * 128, gpu().memory.l2.slice_bytes_per_cycle);
}

TEST(MemoryHierarchy, PartitionsExchangeNoMoreThanTheirCrossingCarries) {
    MemoryParameters parameters = gpu().memory;
    parameters.l2.crossing_bytes_per_cycle = 20;
    MemoryHierarchy memory = hierarchy(2, parameters);
    // Each line is brought by its first reader, and crosses over once for SM 0 if its home is on the other side.
    std::uint64_t crossed = 0;
    Cycle last{0};
    for (std::uint64_t line = 0; line < 8000; ++line) memory.access(read(line, 1), Cycle(0));
    const std::uint64_t before = memory.traffic().l2_far_hit;
    for (std::uint64_t line = 0; line < 8000; ++line) {
        last = std::max(last, memory.access(read(line, 0), Cycle(1'000'000)) - Cycle(1'000'000));
    }
    crossed = memory.traffic().l2_far_hit - before;
    EXPECT_GT(crossed, 3000U * 128);
    expect_bandwidth(last, crossed, 20);
}

TEST(MemoryHierarchy, ALateMissDoesNotDelayAnEarlierHit) {
    const std::uint64_t hit = line_at_home(true);
    const std::uint64_t miss = line_at_home(true, hit + 1);
    MemoryHierarchy memory = hierarchy(1);
    Chain latency(memory);
    const Cycle alone = (latency(read(hit)), latency(read(hit)));
    const Cycle now(10'000'000);
    memory.access(read(miss), now);
    EXPECT_LE(memory.access(read(hit), now) - now, alone + Cycle(1)) << "a cycle of the link to the L2";
}

TEST(MemoryHierarchy, StreamsReachTheMemorysEfficiencyAndScatteredSectorsAreBoundByActivations) {
    const auto bytes_per_cycle = [](std::uint64_t stride, std::uint32_t sectors) {
        MemoryHierarchy memory = hierarchy(64);
        const std::uint64_t accesses = 200'000;
        Cycle last{0};
        for (std::uint64_t i = 0; i < accesses; ++i) {
            const Cycle now(i / 16);
            last =
                std::max(last, memory.access(read(i * stride, static_cast<std::uint32_t>(i / 4 % 64), sectors), now));
        }
        return memory.traffic().hbm_read / static_cast<double>(last.value());
    };
    const HighBandwidthMemoryParameters& hbm = gpu().memory.hbm;
    const double peak = hbm.bytes_per_second / gpu().clock_hz;
    EXPECT_GT(bytes_per_cycle(1, whole_line), 0.95 * hbm.efficiency * peak);
    EXPECT_LE(bytes_per_cycle(1, whole_line), hbm.efficiency * peak);
    const double activations = 4 * hbm.channels / (hbm.activation_window_seconds * gpu().clock_hz);
    EXPECT_LE(bytes_per_cycle(16, first_sector), 32 * activations);
}

TEST(MemoryHierarchy, SharersOfARegionDivideItsMemoryTraffic) {
    // The first half of the lines is read by four SMs at about the same time.
    MemoryHierarchy memory(gpu().memory, 1, gpu().clock_hz, {{.begin = 0, .end = 50 * 128, .sharers = 4}});
    Chain latency(memory);
    for (std::uint64_t line = 0; line < 100; ++line) latency(read(line));
    EXPECT_EQ(memory.traffic().l2_miss, 100U * 128) << "the SM itself sees every miss";
    EXPECT_EQ(memory.traffic().hbm_read, 50 * 128 / 4 + 50 * 128);
}

TEST(MemoryHierarchy, AFairShareIsTheBandwidthDividedByTheSms) {
    const MemoryParameters& all = gpu().memory;
    const MemoryParameters share = fair_share(all, 108);
    EXPECT_DOUBLE_EQ(share.l2.slice_bytes_per_cycle * share.l2.slices * 108,
                     all.l2.slice_bytes_per_cycle * all.l2.slices);
    EXPECT_DOUBLE_EQ(share.hbm.bytes_per_second * 108, all.hbm.bytes_per_second);
    EXPECT_DOUBLE_EQ(share.hbm.channels / share.hbm.activation_window_seconds * 108,
                     all.hbm.channels / all.hbm.activation_window_seconds);
    EXPECT_EQ(share.l2.capacity, all.l2.capacity);
    EXPECT_EQ(share.interconnect.bytes_per_cycle, all.interconnect.bytes_per_cycle);
    EXPECT_EQ(share.hbm.latency, all.hbm.latency);
}

RC_GTEST_PROP(MemoryHierarchy, AccountsForEverySectorAndReturnsNothingFasterThanItsWay, ()) {
    MemoryParameters parameters = gpu().memory;
    parameters.l2.ways = 4;
    parameters.l2.capacity = parameters.l2.line * 16;
    MemoryHierarchy memory = hierarchy(4, parameters);
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    const auto accesses = *rc::gen::inRange<std::size_t>(1, 300);
    std::uint64_t sectors_read = 0;
    std::uint64_t sectors_written = 0;
    Cycle now{0};
    for (std::size_t i = 0; i < accesses; ++i) {
        const LineAccess access{.sm = SmIndex(static_cast<std::uint32_t>(random() % 4)),
                                .line = random() % 40,
                                .sectors = static_cast<std::uint32_t>(1 + random() % 15),
                                .write = random() % 4 == 0};
        now += Cycle(random() % 50);
        const Cycle least = gpu().memory.interconnect.latency * (access.write ? 1 : 2) + gpu().memory.l2.hit_latency;
        RC_ASSERT(memory.access(access, now) > now + least);
        (access.write ? sectors_written : sectors_read) += static_cast<std::uint64_t>(std::popcount(access.sectors));
    }
    const MemoryTraffic traffic = memory.traffic();
    RC_ASSERT(traffic.sm_read == sectors_read * 32);
    RC_ASSERT(traffic.sm_written == sectors_written * 32);
    RC_ASSERT(traffic.l2_hit + traffic.l2_far_hit + traffic.l2_merged + traffic.l2_miss == traffic.sm_read);
    RC_ASSERT(traffic.hbm_read == static_cast<double>(traffic.l2_miss));
    RC_ASSERT(traffic.hbm_written <= static_cast<double>(traffic.sm_written));
}

TEST(MemoryHierarchy, TakesOverWhatAnotherOnesL2HoldsAsIfItHadLongBeenThere) {
    MemoryHierarchy before = hierarchy(2);
    for (std::uint64_t line = 0; line < 100; ++line) before.access(read(line), Cycle(1'000'000));
    MemoryHierarchy memory = hierarchy(2);
    memory.take_contents(std::move(before));
    for (std::uint64_t line = 0; line < 100; ++line) {
        EXPECT_LT(memory.access(read(line, 0, first_sector), Cycle(0)), on_the_way() + Cycle(300));
    }
    EXPECT_EQ(memory.traffic().l2_hit, 100U * 32);
    EXPECT_EQ(memory.traffic().hbm_read, 0);
}

RC_GTEST_PROP(MemoryHierarchy, BooksAccessesTogetherAsOneByOne, ()) {
    const auto lines = *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(0, 50));
    MemoryHierarchy together = hierarchy(4);
    MemoryHierarchy single = hierarchy(4);
    for (std::uint32_t sm = 0; sm < 4; ++sm) {
        std::vector<SectorRequest> requests;
        Cycle last(7);
        for (const std::uint64_t line : lines) {
            requests.push_back({.line = line * (sm + 1), .sectors = whole_line});
            last = std::max(last, single.access({SmIndex(sm), line * (sm + 1), whole_line, sm == 3}, Cycle(7)));
        }
        RC_ASSERT(together.access(SmIndex(sm), requests, sm == 3, Cycle(7)) == last);
    }
    RC_ASSERT(together.traffic().l2_hit == single.traffic().l2_hit);
}

/// Atomic operations of `turns` lanes on one word.
SectorRequest atomic(std::uint64_t line, std::uint16_t turns) {
    return {
        .line = line, .sectors = first_sector, .turns = turns, .operand_bytes = static_cast<std::uint16_t>(4 * turns)};
}

TEST(Atomics, ReturnOldValuesAfterAHitAndTheUnit) {
    MemoryHierarchy memory = hierarchy(2);
    const SectorRequest request = atomic(line_at_home(true), 1);
    memory.update(SmIndex(0), {&request, 1}, true, Cycle(0));
    const Cycle back = memory.update(SmIndex(0), {&request, 1}, true, Cycle(100'000)) - Cycle(100'000);
    expect_latency(back, on_the_way() + gpu().memory.l2.atomic_latency);
    const Cycle done = memory.update(SmIndex(0), {&request, 1}, false, Cycle(200'000)) - Cycle(200'000);
    EXPECT_LT(done, back) << "without a result nothing comes back";
}

TEST(Atomics, OfOneAddressTakeTurnsWhoeverAsks) {
    constexpr std::uint32_t sms = 20;
    MemoryHierarchy memory = hierarchy(sms);
    const SectorRequest request = atomic(5, warp_lanes);
    Cycle last{0};
    for (std::uint32_t sm = 0; sm < sms; ++sm) {
        last = std::max(last, memory.update(SmIndex(sm), {&request, 1}, false, Cycle(0)));
    }
    const double turns = sms * warp_lanes / gpu().memory.l2.atomic_turns_per_cycle;
    EXPECT_GE(last, Cycle(static_cast<std::uint64_t>(turns)));
    EXPECT_EQ(memory.traffic().l2_atomic_turns, sms * warp_lanes);

    MemoryHierarchy spread = hierarchy(sms);
    Cycle spread_last{0};
    for (std::uint32_t sm = 0; sm < sms; ++sm) {
        const SectorRequest own = atomic(100 + sm, warp_lanes);
        spread_last = std::max(spread_last, spread.update(SmIndex(sm), {&own, 1}, false, Cycle(0)));
    }
    EXPECT_LT(spread_last + Cycle(100), last + Cycle(gpu().memory.hbm.latency));
}

TEST(Atomics, BringASectorFromMemoryOnceAndLeaveItToBeWrittenBack) {
    MemoryHierarchy memory = hierarchy(2);
    const SectorRequest request = atomic(7, 4);
    for (std::uint64_t i = 0; i < 5; ++i) memory.update(SmIndex(0), {&request, 1}, false, Cycle(1000 * i));
    EXPECT_EQ(memory.traffic().l2_atomic, 5U * 32);
    EXPECT_EQ(memory.traffic().l2_atomic_miss, 32U);
    EXPECT_EQ(memory.traffic().hbm_read, 32.0);
    EXPECT_EQ(memory.traffic().sm_atomic, 5U * 16);
    // Everything else of the L2 pushes it out.
    const std::uint64_t lines = gpu().memory.l2.capacity.value() / gpu().memory.l2.line.value();
    for (std::uint64_t line = 8; line < 8 + 3 * lines; ++line) memory.access(read(line), Cycle(1'000'000));
    EXPECT_EQ(memory.traffic().l2_written_back, 32U);
}

TEST(Atomics, MakeCopiesInTheOtherPartitionOld) {
    MemoryHierarchy memory = hierarchy(2);
    const std::uint64_t line = line_at_home(true);  // of SM 0
    Chain chain(memory);
    chain(read(line, 1));
    const std::uint64_t far_before = memory.traffic().l2_far_hit;
    const SectorRequest request = atomic(line, 1);
    memory.update(SmIndex(0), {&request, 1}, false, Cycle(10'000'000));
    memory.access(read(line, 1, first_sector), Cycle(20'000'000));
    EXPECT_EQ(memory.traffic().l2_far_hit, far_before + 32);
}

}  // namespace
}  // namespace stcsim::testing
