#include "validate/error_statistics.h"

#include <algorithm>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace stcsim {
namespace {

using testing::DoubleNear;
using testing::Optional;

TEST(ErrorStatistics, OfKnownErrorsAreTheirMedianAndMean) {
    const std::vector<MeasuredPair> pairs{{100, 110}, {100, 80}, {10, 13}, {1, 1}};
    const ErrorStatistics s = error_statistics(pairs);
    EXPECT_EQ(s.points, 4U);
    EXPECT_NEAR(s.median_absolute, 0.15, 1e-12);
    EXPECT_NEAR(s.mean_absolute, 0.15, 1e-12);
    EXPECT_NEAR(s.median_signed, 0.05, 1e-12);
}

TEST(ErrorStatistics, RankCorrelationGivesTiesTheirMeanRank) {
    // Ranks 0, 1.5, 1.5, 3 against 0, 1, 2, 3: 4.5 / sqrt(4.5 * 5).
    const std::vector<MeasuredPair> pairs{{1, 10}, {2, 20}, {2, 30}, {3, 40}};
    EXPECT_THAT(error_statistics(pairs).rank_correlation, Optional(DoubleNear(0.9486833, 1e-6)));
}

TEST(ErrorStatistics, SayNothingOfTheRanksOfEqualOrTooFewValues) {
    EXPECT_EQ(error_statistics(std::vector<MeasuredPair>{{1, 2}, {1, 3}}).rank_correlation, std::nullopt);
    EXPECT_EQ(error_statistics(std::vector<MeasuredPair>{{1, 2}}).rank_correlation, std::nullopt);
    EXPECT_EQ(error_statistics({}).rank_correlation, std::nullopt);
}

RC_GTEST_PROP(ErrorStatistics, OnlyTheOrderMattersToTheRankCorrelation, ()) {
    const auto order = *rc::gen::suchThat(rc::gen::unique<std::vector<int>>(rc::gen::inRange(1, 100)),
                                          [](const std::vector<int>& v) { return v.size() > 1; });
    std::vector<MeasuredPair> rising;
    std::vector<MeasuredPair> falling;
    for (const int i : order) {
        rising.push_back({double{1} * i, double{1} * i * i});
        falling.push_back({double{1} * i, 1.0 / i});
    }
    RC_ASSERT(std::abs(error_statistics(rising).rank_correlation.value() - 1) < 1e-9);
    RC_ASSERT(std::abs(error_statistics(falling).rank_correlation.value() + 1) < 1e-9);
}

}  // namespace
}  // namespace stcsim
