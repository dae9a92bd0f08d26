/// The memory system seen by its SMs: latencies, bandwidths, and that what is asked for is what is moved.

#include "memory/memory_system.h"

#include <bit>
#include <map>
#include <random>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "a100.h"
#include "function_module.h"
#include "simulation_fixture.h"

namespace stcsim::testing {
namespace {

/// One transaction of an SM.
struct Access {
    std::uint32_t sm = 0;
    bool write = false;
    std::vector<SectorRequest> requests;
    Cycle not_before{0};
};

/// Runs accesses through a memory system. Each SM sends its own in order, as fast as its link takes them.
class MemoryBench {
  public:
    MemoryBench(const MemoryParameters& parameters, std::uint32_t sms, SharedRegions regions = {},
                std::uint64_t shuffle_seed = 0, double written_share = 1)
        : simulation_(shuffle_seed),
          sector_(parameters.l2.sector),
          memory_("memory", simulation_.clock, parameters, sms, a100().clock_hz, std::move(regions), shuffle_seed,
                  written_share),
          waiting_(sms) {
        for (std::uint32_t sm = 0; sm < sms; ++sm) {
            requesters_.emplace_back(sc_core::sc_gen_unique_name("requester"), simulation_.clock,
                                     [this, sm](Requester& self, Cycle now) { step(self, sm, now); });
            memory_.connect(sm, requesters_.back().output, requesters_.back().input);
        }
    }

    void run(const std::vector<Access>& accesses) {
        for (const Access& access : accesses) {
            waiting_[access.sm].emplace_back(static_cast<std::uint32_t>(sent_.size()), access);
            sent_.emplace_back();
            returned_.emplace_back(never);
        }
        simulation_.run();
    }

    /// Cycles from sending an access to its return.
    [[nodiscard]] Cycle latency(std::size_t access) const { return returned_.at(access) - sent_.at(access); }
    [[nodiscard]] Cycle last_return() const { return *std::ranges::max_element(returned_); }
    [[nodiscard]] const std::vector<Cycle>& returned() const { return returned_; }
    [[nodiscard]] std::uint64_t counter(std::string_view path) const {
        CounterReport report;
        memory_.report(report);
        return report.at(path);
    }

  private:
    using Requester = FunctionModule<TransactionPointer, TransactionPointer>;

    void step(Requester& self, std::uint32_t sm, Cycle now) {
        while (self.input.has_item()) returned_[self.input.pop()->tag] = now;
        auto& waiting = waiting_[sm];
        while (!waiting.empty() && self.output.has_space()) {
            const auto& [tag, access] = waiting.front();
            if (now < access.not_before) return self.wake_at(access.not_before);
            auto transaction = std::make_unique<MemoryTransaction>();
            transaction->sm = SmIndex(sm);
            transaction->tag = tag;
            transaction->write = access.write;
            transaction->requests = access.requests;
            for (const SectorRequest& request : access.requests) {
                transaction->bytes += sector_ * static_cast<std::uint64_t>(std::popcount(request.sectors));
            }
            self.output.push(std::move(transaction));
            sent_[tag] = now;
            waiting.pop_front();
        }
    }

    Simulation simulation_;
    Bytes sector_;
    MemorySystem memory_;
    std::vector<std::deque<std::pair<std::uint32_t, Access>>> waiting_;  ///< per SM
    std::deque<Requester> requesters_;
    std::vector<Cycle> sent_;
    std::vector<Cycle> returned_;
};

constexpr std::uint32_t whole_line = 0xF;

Access read(std::uint64_t line, std::uint32_t sm = 0, std::uint32_t sectors = whole_line, Cycle not_before = Cycle(0)) {
    return {.sm = sm, .write = false, .requests = {{line, sectors}}, .not_before = not_before};
}

Access write(std::uint64_t line, std::uint32_t sm = 0, Cycle not_before = Cycle(0)) {
    return {.sm = sm, .write = true, .requests = {{line, whole_line}}, .not_before = not_before};
}

constexpr Cycle later{3000};  ///< when everything before has come back

TEST(MemorySystem, AHitTakesTheLatenciesOnItsWayAndFarLatencyMoreInTheOtherPartition) {
    const MemoryParameters parameters = a100().memory;
    std::map<Cycle, std::size_t> latencies;
    for (std::uint64_t line = 0; line < 32; ++line) {
        MemoryBench bench(parameters, 1);
        bench.run({read(line, 0, 1), read(line, 0, 1, later)});
        ++latencies[bench.latency(1)];
    }
    ASSERT_EQ(latencies.size(), 2U);
    const Cycle near = latencies.begin()->first;
    const Cycle on_the_way = parameters.interconnect.latency * 2 + parameters.l2.hit_latency;
    EXPECT_GE(near, on_the_way);
    EXPECT_LE(near, on_the_way + Cycle(5)) << "channels and transfers of one sector";
    EXPECT_EQ(latencies.rbegin()->first, near + parameters.l2.far_latency);
}

TEST(MemorySystem, NearAndFarAreTheOtherWayRoundForAnSmOfTheOtherPartition) {
    MemoryBench bench(a100().memory, 2);
    bench.run({read(1), read(1, 0, whole_line, later), read(1, 1, whole_line, later * 2)});
    const Cycle difference =
        std::max(bench.latency(1), bench.latency(2)) - std::min(bench.latency(1), bench.latency(2));
    EXPECT_EQ(difference, a100().memory.l2.far_latency);
}

TEST(MemorySystem, AMissTakesTheMemoryLatencyMore) {
    MemoryBench bench(a100().memory, 1);
    bench.run({read(1, 0, 1), read(1, 0, 1, later)});
    const Cycle more = bench.latency(0) - bench.latency(1);
    EXPECT_GE(more, a100().memory.hbm.latency);
    EXPECT_LE(more, a100().memory.hbm.latency + Cycle(5));
}

TEST(MemorySystem, AMissGoesToMemoryOnceHoweverManyWaitForIt) {
    MemoryBench bench(a100().memory, 10);
    std::vector<Access> accesses;
    for (std::uint32_t sm = 0; sm < 10; ++sm) accesses.push_back(read(1, sm));
    for (std::uint32_t sm = 0; sm < 10; ++sm) accesses.push_back(read(1, sm, whole_line, later));
    bench.run(accesses);
    EXPECT_EQ(bench.counter("memory.l2.missed_sectors"), 4U);
    EXPECT_EQ(bench.counter("memory.l2.merged_sectors"), 9U * 4);
    EXPECT_EQ(bench.counter("memory.l2.hit_sectors"), 10U * 4);
    EXPECT_EQ(bench.counter("memory.hbm.read_bytes"), 128U);
}

TEST(MemorySystem, SectorsOfALineAreFetchedOnDemand) {
    MemoryBench bench(a100().memory, 1);
    bench.run({read(1, 0, 0b0001), read(1, 0, 0b0011, later), read(1, 0, 0b0011, later * 2)});
    EXPECT_EQ(bench.counter("memory.l2.missed_sectors"), 2U);
    EXPECT_EQ(bench.counter("memory.l2.hit_sectors"), 3U);
    EXPECT_EQ(bench.counter("memory.hbm.read_bytes"), 64U);
}

TEST(MemorySystem, WhatIsWrittenBeyondTheShareOfTheCapacityGoesToMemoryAndStaysReadable) {
    const MemoryParameters parameters = a100().memory;
    const std::uint64_t kept = 5;
    const double share =
        static_cast<double>(kept * parameters.l2.line.value()) / static_cast<double>(parameters.l2.capacity.value());
    MemoryBench bench(parameters, 1, {}, 0, share * 1.0001);
    std::vector<Access> accesses;
    for (std::uint64_t line = 1; line <= 12; ++line) accesses.push_back(write(line));
    for (std::uint64_t line = 1; line <= 12; ++line) accesses.push_back(read(line, 0, whole_line, later));
    bench.run(accesses);
    EXPECT_EQ(bench.counter("memory.hbm.written_bytes"), (12 - kept) * parameters.l2.line.value());
    EXPECT_EQ(bench.counter("memory.hbm.read_bytes"), 0U);
}

TEST(MemorySystem, AWrittenLineIsAHitAndGoesToMemoryWhenItIsReplaced) {
    MemoryParameters parameters = a100().memory;
    parameters.l2.ways = 2;
    parameters.l2.capacity = parameters.l2.line * 2;
    MemoryBench bench(parameters, 1);
    bench.run({write(1), read(1, 0, whole_line, later), read(2, 0, whole_line, later * 2),
               read(3, 0, whole_line, later * 3)});
    EXPECT_EQ(bench.counter("memory.l2.written_sectors"), 4U);
    EXPECT_EQ(bench.counter("memory.l2.hit_sectors"), 4U);
    EXPECT_EQ(bench.counter("memory.l2.written_back_sectors"), 4U);
    EXPECT_EQ(bench.counter("memory.hbm.written_bytes"), 128U);
    EXPECT_EQ(bench.counter("memory.hbm.read_bytes"), 256U) << "a write does not fetch";
}

/// Checks that moving `bytes` took no less than `bytes_per_cycle` allows, and hardly more.
void expect_bandwidth(Cycle taken, std::uint64_t bytes, double bytes_per_cycle) {
    const double least = static_cast<double>(bytes) / bytes_per_cycle;
    EXPECT_GE(static_cast<double>(taken.value()), least);
    EXPECT_LE(static_cast<double>(taken.value()), 1.02 * least + 1000);
}

TEST(MemorySystem, OneSmGetsNoMoreThanItsLinkCarries) {
    MemoryBench bench(a100().memory, 1);
    std::vector<Access> accesses(4000, read(1));
    bench.run(accesses);
    expect_bandwidth(bench.last_return(), 4000 * 128,
                     static_cast<double>(a100().memory.interconnect.bytes_per_cycle.value()));
}

TEST(MemorySystem, OneSliceServesNoMoreThanItsBandwidth) {
    MemoryBench bench(a100().memory, 8);
    std::vector<Access> accesses;
    for (std::uint32_t i = 0; i < 4000; ++i) accesses.push_back(read(1, i % 8));
    bench.run(accesses);
    expect_bandwidth(bench.last_return(), 4000 * 128, a100().memory.l2.slice_bytes_per_cycle);
}

TEST(MemorySystem, MissesComeNoFasterThanTheMemoryDelivers) {
    MemoryParameters parameters = a100().memory;
    // Slow enough that its latency is short beside the time that the transfers take.
    parameters.hbm.bytes_per_second /= 10;
    parameters.hbm.channels = 1;
    MemoryBench bench(parameters, 32);
    std::vector<Access> accesses;
    for (std::uint32_t i = 0; i < 30000; ++i) accesses.push_back(read(i, i % 32));
    bench.run(accesses);
    expect_bandwidth(bench.last_return(), 30000 * 128,
                     parameters.hbm.bytes_per_second * parameters.hbm.efficiency / a100().clock_hz);
}

TEST(MemorySystem, SharersOfARegionDivideItsMemoryTraffic) {
    std::vector<Access> accesses;
    for (std::uint64_t line = 0; line < 100; ++line) accesses.push_back(read(line));
    // The first half of the lines is read by four SMs at about the same time.
    MemoryBench bench(a100().memory, 1, {{.begin = 0, .end = 50 * 128, .sharers = 4}});
    bench.run(accesses);
    EXPECT_EQ(bench.counter("memory.l2.missed_sectors"), 400U) << "the SM itself sees every miss";
    EXPECT_EQ(bench.counter("memory.hbm.read_bytes"), 50U * 128 / 4 + 50U * 128);
}

TEST(MemorySystem, AFairShareIsTheBandwidthDividedByTheSms) {
    const MemoryParameters all = a100().memory;
    const MemoryParameters share = fair_share(all, 108);
    EXPECT_DOUBLE_EQ(share.l2.slice_bytes_per_cycle * share.l2.slices * 108,
                     all.l2.slice_bytes_per_cycle * all.l2.slices);
    EXPECT_DOUBLE_EQ(share.hbm.bytes_per_second * 108, all.hbm.bytes_per_second);
    EXPECT_EQ(share.l2.capacity, all.l2.capacity);
    EXPECT_EQ(share.interconnect.bytes_per_cycle, all.interconnect.bytes_per_cycle);
    EXPECT_EQ(share.hbm.latency, all.hbm.latency);
}

/// Accesses to few lines by few SMs, so that they hit, miss, merge and evict.
std::vector<Access> any_accesses(std::uint32_t sms) {
    std::mt19937_64 random(*rc::gen::arbitrary<std::uint64_t>());
    std::vector<Access> accesses(*rc::gen::inRange<std::size_t>(1, 300));
    for (Access& access : accesses) {
        access.sm = static_cast<std::uint32_t>(random() % sms);
        access.write = random() % 4 == 0;
        const std::uint64_t first = random() % 40;
        for (std::uint64_t line = first; line <= first + random() % 3; ++line) {
            access.requests.push_back({line, static_cast<std::uint32_t>(1 + random() % 15)});
        }
    }
    return accesses;
}

MemoryParameters small_memory() {
    MemoryParameters parameters = a100().memory;
    parameters.l2.ways = 4;
    parameters.l2.capacity = parameters.l2.line * 16;
    return parameters;
}

RC_GTEST_PROP(MemorySystem, ReturnsEveryAccessAndAccountsForEverySector, ()) {
    const std::vector<Access> accesses = any_accesses(4);
    MemoryBench bench(small_memory(), 4);
    bench.run(accesses);
    std::uint64_t read_sectors = 0;
    std::uint64_t written_sectors = 0;
    for (const Access& access : accesses) {
        for (const SectorRequest& request : access.requests) {
            (access.write ? written_sectors : read_sectors) +=
                static_cast<std::uint64_t>(std::popcount(request.sectors));
        }
    }
    for (const Cycle cycle : bench.returned()) RC_ASSERT(cycle != never);
    const std::uint64_t missed = bench.counter("memory.l2.missed_sectors");
    RC_ASSERT(bench.counter("memory.l2.hit_sectors") + bench.counter("memory.l2.merged_sectors") + missed ==
              read_sectors);
    RC_ASSERT(bench.counter("memory.l2.written_sectors") == written_sectors);
    RC_ASSERT(bench.counter("memory.hbm.read_bytes") == missed * 32);
    RC_ASSERT(bench.counter("memory.interconnect.response_bytes") == read_sectors * 32);
    RC_ASSERT(bench.counter("memory.interconnect.request_bytes") == written_sectors * 32);
    RC_ASSERT(bench.counter("memory.hbm.written_bytes") >= bench.counter("memory.l2.written_back_sectors") * 32);
}

RC_GTEST_PROP(MemorySystem, ReturnsInTheSameCyclesInAnyEvaluationOrder, ()) {
    const std::vector<Access> accesses = any_accesses(4);
    const auto returned_with = [&](std::uint64_t seed) {
        MemoryBench bench(small_memory(), 4, {}, seed);
        bench.run(accesses);
        return bench.returned();
    };
    const auto reference = returned_with(0);
    for (const std::uint64_t seed : shuffle_seeds) RC_ASSERT(returned_with(seed) == reference);
}

}  // namespace
}  // namespace stcsim::testing
