#include "sm/coalescing.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "a100.h"
#include "warp_instructions.h"

namespace stcsim::testing {
namespace {

const L2CacheParameters& cache() {
    static const L2CacheParameters parameters = a100().memory.l2;
    return parameters;
}

TEST(Coalescing, ConsecutiveWordsAreOneLine) {
    std::vector<SectorRequest> requests;
    EXPECT_EQ(coalesce(strided(4, 4, 1280), cache(), requests), 4U);
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].line, 10U);
    EXPECT_EQ(requests[0].sectors, 0xFU);
}

TEST(Coalescing, AMisalignedAccessTouchesOneSectorMore) {
    std::vector<SectorRequest> requests;
    EXPECT_EQ(coalesce(strided(4, 4, 1280 + 16), cache(), requests), 5U);
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_EQ(requests[1].line, 11U);
    EXPECT_EQ(requests[1].sectors, 1U);
}

TEST(Coalescing, LanesThatReadTheSameAddressAreOneSector) {
    std::vector<SectorRequest> requests;
    EXPECT_EQ(coalesce(strided(0, 4, 4096), cache(), requests), 1U);
}

TEST(Coalescing, InactiveLanesAskForNothing) {
    std::vector<SectorRequest> requests{{1, 1}};
    EXPECT_EQ(coalesce(strided(128, 16, 0, 0), cache(), requests), 0U);
    EXPECT_TRUE(requests.empty()) << "what was in the list is gone";
    EXPECT_EQ(coalesce(strided(128, 16, 0, 0x80000001), cache(), requests), 2U);
}

TEST(Coalescing, LinesComeInTheOrderOfTheFirstLaneThatTouchesThem) {
    LaneOffsets offsets{};
    offsets[0] = 5 * 128;
    offsets[1] = 2 * 128;
    offsets[2] = 5 * 128 + 64;
    std::vector<SectorRequest> requests;
    coalesce({.offsets = &offsets, .active = 0b111, .bytes_per_lane = 16}, cache(), requests);
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_EQ(requests[0].line, 5U);
    EXPECT_EQ(requests[0].sectors, 0b101U);
    EXPECT_EQ(requests[1].line, 2U);
}

RC_GTEST_PROP(Coalescing, AsksForExactlyTheSectorsTouched, ()) {
    LaneOffsets offsets{};
    for (std::uint64_t& offset : offsets) offset = *rc::gen::inRange<std::uint64_t>(0, 5000);
    const LaneAccess access{.base = *rc::gen::inRange<std::uint64_t>(0, 1000),
                            .offsets = &offsets,
                            .active = *rc::gen::arbitrary<std::uint32_t>(),
                            .bytes_per_lane = *rc::gen::element<std::uint8_t>(2, 4, 8, 16)};
    std::set<std::uint64_t> touched;
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        for (std::uint64_t byte = 0; access.is_active(lane) && byte < access.bytes_per_lane; ++byte) {
            touched.insert((access.address(lane) + byte) / 32);
        }
    }
    std::vector<SectorRequest> requests;
    const std::uint32_t count = coalesce(access, cache(), requests);
    std::set<std::uint64_t> asked;
    std::set<std::uint64_t> lines;
    for (const SectorRequest& request : requests) {
        lines.insert(request.line);
        for (std::uint64_t sector = 0; sector < 4; ++sector) {
            if ((request.sectors >> sector & 1U) != 0) asked.insert(request.line * 4 + sector);
        }
    }
    RC_ASSERT(asked == touched);
    RC_ASSERT(count == touched.size());
    RC_ASSERT(lines.size() == requests.size());
}

TEST(AtomicCoalescing, LanesOfDifferentWordsShareATurnOfTheirSector) {
    std::vector<SectorRequest> requests;
    EXPECT_EQ(coalesce_atomic(strided(4, 4), cache(), requests), 4U);
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].turns, 4U) << "one for each sector";
    EXPECT_EQ(requests[0].operand_bytes, 128U);
}

TEST(AtomicCoalescing, LanesOfTheSameAddressNeedATurnEach) {
    std::vector<SectorRequest> requests;
    EXPECT_EQ(coalesce_atomic(strided(0, 8), cache(), requests), 1U);
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests[0].turns, 32U);
    EXPECT_EQ(requests[0].operand_bytes, 256U);
}

RC_GTEST_PROP(AtomicCoalescing, TakesAsManyTurnsAsTheMostSharedWordOfEachSectorHasLanes, ()) {
    LaneOffsets offsets{};
    for (std::uint64_t& offset : offsets) offset = 4 * *rc::gen::inRange<std::uint64_t>(0, 100);
    const LaneAccess access{.offsets = &offsets, .active = *rc::gen::arbitrary<std::uint32_t>(), .bytes_per_lane = 4};
    std::map<std::uint64_t, std::map<std::uint64_t, std::uint32_t>> lanes;  // by sector, address
    std::uint64_t active = 0;
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        if (!access.is_active(lane)) continue;
        ++lanes[access.address(lane) / 32][access.address(lane)];
        ++active;
    }
    std::map<std::uint64_t, std::uint32_t> expected;  // by line
    for (const auto& [sector, words] : lanes) {
        std::uint32_t most = 0;
        for (const auto& [word, count] : words) most = std::max(most, count);
        expected[sector / 4] += most;
    }
    std::vector<SectorRequest> requests;
    RC_ASSERT(coalesce_atomic(access, cache(), requests) == lanes.size());
    RC_ASSERT(requests.size() == expected.size());
    std::uint64_t operands = 0;
    for (const SectorRequest& request : requests) {
        RC_ASSERT(request.turns == expected.at(request.line));
        operands += request.operand_bytes;
    }
    RC_ASSERT(operands == 4 * active);
}

}  // namespace
}  // namespace stcsim::testing
