#include "memory/l2_tags.h"

#include <algorithm>
#include <map>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "a100.h"
#include "memory/address_hash.h"

namespace stcsim::testing {
namespace {

/// One set of four lines.
L2CacheParameters four_lines() {
    L2CacheParameters parameters = a100().memory.l2;
    parameters.ways = 4;
    parameters.capacity = parameters.line * 4;
    return parameters;
}

L2Tags tags_of_four_lines() {
    return {four_lines(), four_lines().capacity};
}

L2Sectors& access(L2Tags& tags, std::uint64_t line, std::optional<Eviction>& evicted) {
    return tags.access(line, tags.set_of(line), evicted).sectors;
}

bool has(L2Tags& tags, std::uint64_t line) {
    return tags.find(line, tags.set_of(line)) != nullptr;
}

TEST(L2Tags, ReplaceTheLeastRecentlyUsedLine) {
    L2Tags tags = tags_of_four_lines();
    std::optional<Eviction> evicted;
    for (const std::uint64_t line : {1U, 2U, 3U, 4U, 1U}) access(tags, line, evicted);
    access(tags, 5, evicted);
    EXPECT_FALSE(has(tags, 2)) << "2 was used longest ago";
    for (const std::uint64_t line : {1U, 3U, 4U, 5U}) EXPECT_TRUE(has(tags, line)) << line;
}

TEST(L2Tags, TellWhichDirtySectorsHaveToBeWrittenBack) {
    L2Tags tags = tags_of_four_lines();
    std::optional<Eviction> evicted;
    access(tags, 1, evicted).dirty = 0b101;
    for (const std::uint64_t line : {2U, 3U, 4U}) access(tags, line, evicted);
    EXPECT_FALSE(evicted);
    access(tags, 5, evicted);
    ASSERT_TRUE(evicted);
    EXPECT_EQ(evicted->line, 1U);
    EXPECT_EQ(evicted->dirty, 0b101U);
    evicted.reset();
    access(tags, 6, evicted);
    EXPECT_FALSE(evicted) << "2 is clean";
}

TEST(L2Tags, LookingALineUpDoesNotMakeItYounger) {
    L2Tags tags = tags_of_four_lines();
    std::optional<Eviction> evicted;
    for (const std::uint64_t line : {1U, 2U, 3U, 4U}) access(tags, line, evicted);
    has(tags, 1);
    access(tags, 5, evicted);
    EXPECT_FALSE(has(tags, 1));
}

RC_GTEST_PROP(L2Tags, HoldWhatAListInOrderOfUseHolds, ()) {
    L2Tags tags = tags_of_four_lines();
    std::vector<std::uint64_t> order;  // oldest first
    const auto lines = *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(0, 8));
    for (const std::uint64_t line : lines) {
        std::optional<Eviction> evicted;
        access(tags, line, evicted);
        std::erase(order, line);
        order.push_back(line);
        if (order.size() > 4) order.erase(order.begin());
        for (std::uint64_t other = 0; other < 8; ++other) {
            RC_ASSERT(has(tags, other) == (std::ranges::count(order, other) == 1));
        }
    }
}

TEST(AddressHash, SpreadsPowerOfTwoStridesEvenlyOverSlices) {
    for (std::uint64_t stride = 1; stride <= 1U << 16U; stride *= 2) {
        std::map<std::uint64_t, std::uint32_t> hits;
        for (std::uint64_t i = 0; i < 8000; ++i) ++hits[interleave(i * stride, Divisor(80))];
        EXPECT_EQ(hits.size(), 80U) << "stride " << stride;
        for (const auto& [slice, count] : hits) EXPECT_LT(count, 150U) << "stride " << stride << ", slice " << slice;
    }
}

TEST(AddressHash, GivesEverySliceTheSameShareOfAStream) {
    std::map<std::uint64_t, std::uint32_t> hits;
    for (std::uint64_t block = 0; block < 8000; ++block) ++hits[interleave(block, Divisor(80))];
    for (const auto& [slice, count] : hits) EXPECT_EQ(count, 100U) << slice;
}

}  // namespace
}  // namespace stcsim::testing
