#include "base/near_names.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace stcsim {
namespace {

TEST(EditDistance, CountsEachKindOfSlipAsOne) {
    EXPECT_EQ(edit_distance("ways", "ways"), 0U);
    EXPECT_EQ(edit_distance("way", "ways"), 1U) << "an insertion";
    EXPECT_EQ(edit_distance("waxs", "ways"), 1U) << "a substitution";
    EXPECT_EQ(edit_distance("wasy", "ways"), 1U) << "an exchange of neighbours";
    EXPECT_EQ(edit_distance("", "ways"), 4U);
}

RC_GTEST_PROP(EditDistance, IsSymmetricAndAtMostTheLongerLength, (const std::string& a, const std::string& b)) {
    const std::size_t distance = edit_distance(a, b);
    RC_ASSERT(distance == edit_distance(b, a));
    RC_ASSERT(distance <= std::max(a.size(), b.size()));
    RC_ASSERT((distance == 0) == (a == b));
}

TEST(NearNames, GivesTheNearestFirstAndAtMostAsManyAsAsked) {
    const std::vector<std::string> known{"sectors", "sector", "ways", "slices"};
    EXPECT_EQ(near_names("sectr", known, 1), (std::vector<std::string>{"sector"}));
    EXPECT_EQ(near_names("sectr", known), (std::vector<std::string>{"sector", "sectors"}));
}

TEST(NearNames, IsEmptyWhereNothingIsNear) {
    const std::vector<std::string> known{"bandwidth", "latency"};
    EXPECT_TRUE(near_names("xyz", known).empty());
}

}  // namespace
}  // namespace stcsim
