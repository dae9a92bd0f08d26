/// Stream-K: every k-tile of every tile is somebody's, evenly, and sums meet without waiting in circles.
#include "kernel/stream_k.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "random_problems.h"

namespace stcsim {
namespace {

using testing::any_number;

struct Launch {
    std::uint64_t tiles = any_number(60);
    std::uint64_t k_tiles = any_number(40);
    std::uint64_t ctas = any_number(25);
    StreamK stream{tiles, k_tiles, ctas};
};

RC_GTEST_PROP(StreamK, WorksOnEveryKTileOfEveryTileOnce, ()) {
    const Launch launch;
    std::multiset<std::uint64_t> worked_on;
    for (std::uint64_t cta = 0; cta < launch.stream.ctas(); ++cta) {
        for (const StreamK::Part& part : launch.stream.parts_of(cta)) {
            RC_ASSERT(part.k_tiles > 0U);
            for (std::uint64_t i = 0; i < part.k_tiles; ++i) {
                worked_on.insert(part.tile * launch.k_tiles + part.first_k_tile + i);
            }
        }
    }
    std::multiset<std::uint64_t> all;
    for (std::uint64_t i = 0; i < launch.tiles * launch.k_tiles; ++i) all.insert(i);
    RC_ASSERT(worked_on == all);
}

RC_GTEST_PROP(StreamK, GivesNoCtaMoreThanAKTileMoreThanAnother, ()) {
    const Launch launch;
    RC_ASSERT(launch.stream.ctas() <= launch.ctas);
    std::uint64_t least = ~std::uint64_t{0};
    std::uint64_t most = 0;
    for (std::uint64_t cta = 0; cta < launch.stream.ctas(); ++cta) {
        std::uint64_t k_tiles = 0;
        for (const StreamK::Part& part : launch.stream.parts_of(cta)) k_tiles += part.k_tiles;
        least = std::min(least, k_tiles);
        most = std::max(most, k_tiles);
    }
    RC_ASSERT(most <= least + 1);
}

RC_GTEST_PROP(StreamK, AddsUpEveryTileInOneCtaThatWaitsForEarlierOnesOnly, ()) {
    const Launch launch;
    std::map<std::uint64_t, std::set<std::uint64_t>> given;  // by tile: CTAs that leave their sums
    std::map<std::uint64_t, std::set<std::uint64_t>> taken;
    std::set<std::uint64_t> finished;
    for (std::uint64_t cta = 0; cta < launch.stream.ctas(); ++cta) {
        const auto parts = launch.stream.parts_of(cta);
        for (const StreamK::Part& part : parts) {
            if (!part.finishes) {
                RC_ASSERT(&part == &parts.front());  // first of all, so that nobody waits in a circle
                given[part.tile].insert(cta);
                continue;
            }
            RC_ASSERT(launch.stream.finisher_of(part.tile) == cta);
            RC_ASSERT(finished.insert(part.tile).second);
            for (std::uint64_t i = 0; i < part.peers; ++i) {
                RC_ASSERT(part.first_peer + i < cta);
                taken[part.tile].insert(part.first_peer + i);
            }
        }
    }
    RC_ASSERT(finished.size() == launch.tiles);
    RC_ASSERT(given == taken);
}

TEST(StreamK, SharesNothingWhereTilesFillWholeWaves) {
    EXPECT_EQ(StreamK(24, 10, 8).shared_tiles(), 0U);
}

TEST(StreamK, SharesTheTilesBeyondTheWavesAndOneWaveMore) {
    EXPECT_EQ(StreamK(27, 10, 8).shared_tiles(), 3U + 8);
    EXPECT_EQ(StreamK(5, 10, 8).shared_tiles(), 5U);
}

TEST(StreamK, TakesNoMoreCtasThanGetTwoKTilesEach) {
    EXPECT_EQ(StreamK(1, 12, 100).ctas(), 6U);
    EXPECT_EQ(StreamK(5, 1, 100).ctas(), 5U);
}

}  // namespace
}  // namespace stcsim
