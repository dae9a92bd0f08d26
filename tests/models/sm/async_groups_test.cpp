#include "sm/async_groups.h"

#include <deque>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace stcsim {
namespace {

TEST(AsyncGroups, AWaitIsForAllButTheNewestGroups) {
    AsyncGroups groups;
    const std::uint32_t first = groups.begin_copy();
    groups.commit();
    const std::uint32_t second = groups.begin_copy();
    groups.commit();
    EXPECT_TRUE(groups.at_most_pending(2));
    EXPECT_FALSE(groups.at_most_pending(1));
    groups.end_copy(first);
    EXPECT_TRUE(groups.at_most_pending(1));
    EXPECT_FALSE(groups.at_most_pending(0));
    groups.end_copy(second);
    EXPECT_TRUE(groups.at_most_pending(0));
}

TEST(AsyncGroups, AYoungerGroupThatIsCompleteDoesNotMakeUpForAnOlderOne) {
    AsyncGroups groups;
    const std::uint32_t first = groups.begin_copy();
    groups.commit();
    const std::uint32_t second = groups.begin_copy();
    groups.commit();
    groups.end_copy(second);
    EXPECT_FALSE(groups.at_most_pending(1)) << "the wait is for the first";
    groups.end_copy(first);
    EXPECT_TRUE(groups.at_most_pending(0));
}

TEST(AsyncGroups, CopiesOfTheOpenGroupAreNotWaitedForButKeepTheWarpBusy) {
    AsyncGroups groups;
    EXPECT_TRUE(groups.idle());
    const std::uint32_t open = groups.begin_copy();
    EXPECT_TRUE(groups.at_most_pending(0));
    EXPECT_FALSE(groups.idle());
    groups.end_copy(open);
    EXPECT_TRUE(groups.idle());
}

TEST(AsyncGroups, EmptyGroupsAreCompleteAtOnce) {
    AsyncGroups groups;
    for (int i = 0; i < 1000; ++i) groups.commit();
    EXPECT_TRUE(groups.at_most_pending(0));
    EXPECT_TRUE(groups.idle());
}

TEST(AsyncGroups, ACopyThatEndsTwiceBreaksAnInvariant) {
    AsyncGroups groups;
    const std::uint32_t group = groups.begin_copy();
    groups.end_copy(group);
    EXPECT_THROW(groups.end_copy(group), InvariantError);
}

RC_GTEST_PROP(AsyncGroups, KeepCountLikeAListOfGroups, ()) {
    AsyncGroups groups;
    std::deque<std::uint32_t> outstanding{0};                   // per group, the open one last
    std::vector<std::pair<std::uint32_t, std::size_t>> copies;  // number, position in `outstanding`
    const auto steps = *rc::gen::inRange(0, 200);
    for (int i = 0; i < steps; ++i) {
        const auto action = *rc::gen::inRange(0, 5);
        if (action < 2) {
            copies.emplace_back(groups.begin_copy(), outstanding.size() - 1);
            ++outstanding.back();
        } else if (action == 2 && !copies.empty()) {
            const auto which = *rc::gen::inRange<std::size_t>(0, copies.size());
            groups.end_copy(copies[which].first);
            --outstanding[copies[which].second];
            copies.erase(copies.begin() + static_cast<std::ptrdiff_t>(which));
        } else {
            std::size_t oldest = 0;
            while (oldest + 1 < outstanding.size() && outstanding[oldest] == 0) ++oldest;
            if (outstanding.size() - oldest < 60) {
                groups.commit();
                outstanding.push_back(0);
            }
        }
        std::size_t oldest = 0;
        while (oldest + 1 < outstanding.size() && outstanding[oldest] == 0) ++oldest;
        const std::size_t pending = outstanding.size() - 1 - oldest;
        for (std::uint32_t allowed = 0; allowed < 8; ++allowed) {
            RC_ASSERT(groups.at_most_pending(allowed) == (pending <= allowed));
        }
        RC_ASSERT(groups.idle() == copies.empty());
    }
}

}  // namespace
}  // namespace stcsim
