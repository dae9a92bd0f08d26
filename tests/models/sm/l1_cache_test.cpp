#include "sm/l1_cache.h"

#include <bit>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "a100.h"

namespace stcsim::testing {
namespace {

const GpuParameters& gpu() {
    static const GpuParameters parameters = a100();
    return parameters;
}

L1Cache cache_of(std::uint64_t lines) {
    return {gpu().sm.l1, gpu().memory.l2, gpu().memory.l2.line * lines};
}

SectorRequest sectors(std::uint64_t line, std::uint32_t mask = 0xF) {
    return {.line = line, .sectors = mask};
}

// CUDA C++ Programming Guide: 192 KB unified on compute capability 8.0, shared memory of 0, 8, 16, 32, 64, 100, 132 or
// 164 KB of it.
TEST(L1Capacity, IsWhatTheSmallestSufficientCarveOutLeaves) {
    const auto kibibytes = [](std::uint64_t shared) {
        return l1_capacity(gpu().sm.l1, Bytes(shared * 1024)).value() / 1024;
    };
    EXPECT_EQ(kibibytes(0), 192U);
    EXPECT_EQ(kibibytes(1), 184U);
    EXPECT_EQ(kibibytes(8), 184U);
    EXPECT_EQ(kibibytes(9), 176U);
    EXPECT_EQ(kibibytes(65), 92U);
    EXPECT_EQ(kibibytes(164), 28U);
}

TEST(L1Cache, HoldsWhatHasArrivedAndNotWhatIsOnItsWay) {
    L1Cache cache = cache_of(64);
    EXPECT_EQ(cache.load(sectors(7, 0b0011), 1).missing, 0b0011U);
    const L1Lookup second = cache.load(sectors(7, 0b0110), 2);
    EXPECT_EQ(second.awaited, 0b0010U);
    EXPECT_EQ(second.transactions[1], 1U);
    EXPECT_EQ(second.missing, 0b0100U);
    cache.fill(sectors(7, 0b0011), 1);
    const L1Lookup third = cache.load(sectors(7), 3);
    EXPECT_EQ(third.present, 0b0011U);
    EXPECT_EQ(third.awaited, 0b0100U);
    EXPECT_EQ(third.missing, 0b1000U);
}

TEST(L1Cache, ReplacesTheLineOfASetThatWasUsedLeastRecently) {
    const std::uint64_t ways = gpu().sm.l1.ways;
    L1Cache cache = cache_of(ways);  // one set
    for (std::uint64_t line = 0; line < ways; ++line) {
        cache.load(sectors(line), 0);
        cache.fill(sectors(line), 0);
    }
    EXPECT_EQ(cache.load(sectors(0), 0).missing, 0U);
    EXPECT_NE(cache.load(sectors(100), 0).missing, 0U);
    EXPECT_EQ(cache.load(sectors(0), 0).missing, 0U);
    EXPECT_NE(cache.load(sectors(1), 0).missing, 0U);
}

TEST(L1Cache, LetsWhatArrivesForAReplacedLinePassBy) {
    L1Cache cache = cache_of(gpu().sm.l1.ways);
    cache.load(sectors(0), 1);
    for (std::uint64_t line = 1; line <= gpu().sm.l1.ways; ++line) cache.load(sectors(line), 2);
    EXPECT_EQ(cache.load(sectors(0), 3).missing, 0xFU) << "replaced, and asked for again";
    cache.fill(sectors(0), 1);
    EXPECT_EQ(cache.load(sectors(0), 4).present, 0U) << "the first transaction is not the one it waits for";
    cache.fill(sectors(0), 3);
    EXPECT_EQ(cache.load(sectors(0), 4).present, 0xFU);
}

TEST(L1Cache, KeepsNothingNewOfAStoreUnlessToldTo) {
    L1Cache cache = cache_of(64);
    EXPECT_FALSE(cache.store(sectors(3), false));
    EXPECT_EQ(cache.load(sectors(3, 0b0001), 1).missing, 0b0001U);
    cache.fill(sectors(3, 0b0001), 1);
    EXPECT_TRUE(cache.store(sectors(3, 0b0011), false));
    EXPECT_EQ(cache.load(sectors(3, 0b0011), 2).present, 0b0001U);
    cache.store(sectors(4), true);
    EXPECT_EQ(cache.load(sectors(4), 3).present, 0xFU);
}

TEST(L1Cache, ForgetsWhatAtomicsChangeAndEverythingWhenInvalidated) {
    L1Cache cache = cache_of(64);
    for (const std::uint64_t line : {1, 2}) {
        cache.load(sectors(line), 0);
        cache.fill(sectors(line), 0);
    }
    cache.drop(sectors(1, 0b0001));
    EXPECT_EQ(cache.load(sectors(1), 5).missing, 0b0001U);
    cache.invalidate();
    cache.fill(sectors(1), 5);
    EXPECT_EQ(cache.load(sectors(2), 6).missing, 0xFU);
    EXPECT_EQ(cache.load(sectors(1), 7).missing, 0xFU);
}

TEST(L1Cache, WithoutRoomForASetHoldsNothing) {
    L1Cache cache = cache_of(gpu().sm.l1.ways - 1);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(cache.load(sectors(0), 0).missing, 0xFU);
        cache.fill(sectors(0), 0);
    }
}

TEST(L1Cache, HoldsANeighbouringFootprintOfItsCapacityWhole) {
    constexpr std::uint64_t lines = 1472;  // 184 KiB
    L1Cache cache = cache_of(lines);
    for (std::uint64_t line = 0; line < lines; ++line) {
        cache.load(sectors(line), 0);
        cache.fill(sectors(line), 0);
    }
    for (std::uint64_t line = 0; line < lines; ++line) ASSERT_EQ(cache.load(sectors(line), 0).missing, 0U) << line;
}

RC_GTEST_PROP(L1Cache, FindsEverySectorPresentOrAwaitedOrMissing, ()) {
    L1Cache cache = cache_of(8);
    std::map<std::uint32_t, SectorRequest> fetching;
    const auto steps = *rc::gen::inRange(1, 100);
    for (int step = 0; step < steps; ++step) {
        if (!fetching.empty() && *rc::gen::arbitrary<bool>()) {
            cache.fill(fetching.begin()->second, fetching.begin()->first);
            fetching.erase(fetching.begin());
            continue;
        }
        const SectorRequest request =
            sectors(*rc::gen::inRange<std::uint64_t>(0, 20), *rc::gen::inRange<std::uint32_t>(1, 16));
        const auto transaction = static_cast<std::uint32_t>(step);
        const L1Lookup found = cache.load(request, transaction);
        RC_ASSERT((found.present ^ found.awaited ^ found.missing) == request.sectors);
        RC_ASSERT((found.present & found.awaited) == 0U);
        for (std::uint32_t sector = 0; sector < 4; ++sector) {
            if ((found.awaited >> sector & 1U) == 0) continue;
            // What is awaited is really on its way.
            const auto other = fetching.find(found.transactions[sector]);
            RC_ASSERT(other != fetching.end());
            RC_ASSERT((other->second.line == request.line && (other->second.sectors >> sector & 1U) != 0));
        }
        if (found.missing != 0) fetching[transaction] = sectors(request.line, found.missing);
    }
}

}  // namespace
}  // namespace stcsim::testing
