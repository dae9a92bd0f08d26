#include "sparsity/channel_permutation.h"

#include <algorithm>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "any_matrix.h"

namespace stcsim::testing {
namespace {

using Permutation = std::vector<std::uint32_t>;

/// A search of a moment.
PermutationSearch quick() {
    PermutationSearch search;
    search.escapes = 50;
    return search;
}

MagnitudeRows any_rows(std::size_t columns) {
    const auto rows = *rc::gen::inRange<std::size_t>(1, 12);
    const auto values = *rc::gen::container<std::vector<int>>(rows * columns, rc::gen::inRange(0, 100));
    return {rows, columns, std::vector<float>(values.begin(), values.end())};
}

/// What pruning keeps with the columns in this order, counted plainly.
float kept(const MagnitudeRows& magnitudes, const SparsePattern& pattern, const Permutation& permutation) {
    float sum = 0;
    const auto permuted = permute_columns<float>(magnitudes.values, permutation);
    for (std::size_t first = 0; first < permuted.size(); first += pattern.group) {
        std::vector<float> units(pattern.positions());
        for (std::size_t i = 0; i < pattern.group; ++i) units[i / pattern.unit] += permuted[first + i];
        std::sort(units.begin(), units.end());
        sum = std::accumulate(units.end() - pattern.codes(), units.end(), sum);
    }
    return sum;
}

Permutation identity(std::size_t columns) {
    Permutation p(columns);
    std::iota(p.begin(), p.end(), 0U);
    return p;
}

RC_GTEST_PROP(ChannelPermutation, IsABijectionThatNeverKeepsLess, ()) {
    const SparsePattern pattern = any_pattern();
    const MagnitudeRows rows = any_rows(pattern.group * *rc::gen::inRange<std::size_t>(1, 9));
    const Permutation found = find_channel_permutation(rows, pattern, quick());
    Permutation sorted = found;
    std::sort(sorted.begin(), sorted.end());
    RC_ASSERT(sorted == identity(rows.columns));
    const float before = kept(rows, pattern, identity(rows.columns));
    RC_ASSERT(found == identity(rows.columns) || kept(rows, pattern, found) > before);
}

RC_GTEST_PROP(ChannelPermutation, LeavesNoSwapThatGains, ()) {
    const SparsePattern pattern = any_pattern();
    const MagnitudeRows rows = any_rows(pattern.group * *rc::gen::inRange<std::size_t>(2, 5));
    const Permutation found = find_channel_permutation(rows, pattern, quick());
    const float best = kept(rows, pattern, found);
    for (std::size_t i = 0; i < found.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            Permutation swapped = found;
            std::swap(swapped[i], swapped[j]);
            // Half a unit of what 14 or 15 bits resolve, for each value of the two groups.
            const float rounding = 0.01F * static_cast<float>(rows.rows * pattern.group);
            RC_ASSERT(kept(rows, pattern, swapped) <= best + rounding);
        }
    }
}

RC_GTEST_PROP(ChannelPermutation, IsTheSameEveryTime, ()) {
    const SparsePattern pattern = any_pattern();
    const MagnitudeRows rows = any_rows(pattern.group * 6);
    RC_ASSERT(find_channel_permutation(rows, pattern, quick()) == find_channel_permutation(rows, pattern, quick()));
}

/// One row: ones in the first half of the columns, zeros in the second.
MagnitudeRows crowded(std::size_t columns) {
    MagnitudeRows rows{1, columns, std::vector<float>(columns)};
    std::fill_n(rows.values.begin(), columns / 2, 1.F);
    return rows;
}

TEST(ChannelPermutation, SpreadsCrowdedColumnsUntilAllIsKept) {
    for (const SparsePattern& pattern : {two_of_four, one_of_two, four_of_eight_in_pairs}) {
        const MagnitudeRows rows = crowded(16 * pattern.group);
        EXPECT_EQ(kept(rows, pattern, identity(rows.columns)), rows.columns / 4);
        EXPECT_EQ(kept(rows, pattern, find_channel_permutation(rows, pattern, quick())), rows.columns / 2)
            << name_of(pattern);
    }
}

TEST(ChannelPermutation, PairsTheColumnsOfASingleGroup) {
    const MagnitudeRows rows{1, 8, {1, 0, 1, 0, 1, 0, 1, 0}};
    const Permutation found = find_channel_permutation(rows, four_of_eight_in_pairs, quick());
    EXPECT_EQ(kept(rows, four_of_eight_in_pairs, found), 4);
}

TEST(ChannelPermutation, IsTheIdentityWhereNothingIsGained) {
    const MagnitudeRows equal{3, 16, std::vector<float>(48, 2.5F)};
    const MagnitudeRows zeros{3, 16, std::vector<float>(48)};
    EXPECT_EQ(find_channel_permutation(equal, two_of_four, quick()), identity(16));
    EXPECT_EQ(find_channel_permutation(zeros, two_of_four, quick()), identity(16));
    EXPECT_EQ(find_channel_permutation({0, 16, {}}, two_of_four, quick()), identity(16));
}

TEST(ChannelPermutation, IsNotMisledByAnOutlier) {
    MagnitudeRows rows = crowded(64);
    rows.values[0] = 1e6F;
    const Permutation found = find_channel_permutation(rows, two_of_four, quick());
    rows.values[0] = 1;
    EXPECT_EQ(kept(rows, two_of_four, found), 32);
}

TEST(ChannelPermutation, EscapesKeepMore) {
    MagnitudeRows rows{32, 32, {}};
    std::uint32_t state = 1;
    for (std::size_t i = 0; i < rows.rows * rows.columns; ++i) {
        state = state * 1664525U + 1013904223U;
        rows.values.push_back(static_cast<float>(state >> 16U));
    }
    PermutationSearch none = quick();
    none.escapes = 0;
    PermutationSearch many = quick();
    many.escapes = 300;
    EXPECT_GT(kept(rows, two_of_four, find_channel_permutation(rows, two_of_four, many)),
              kept(rows, two_of_four, find_channel_permutation(rows, two_of_four, none)));
}

TEST(ChannelPermutation, StaysWithinSections) {
    PermutationSearch search = quick();
    search.section = 16;
    const Permutation found = find_channel_permutation(crowded(40), two_of_four, search);
    for (std::size_t j = 0; j < found.size(); ++j) EXPECT_EQ(found[j] / 16, j / 16);
}

TEST(ChannelPermutation, WorkIsBounded) {
    PermutationSearch search = quick();
    search.work = 0;
    const MagnitudeRows rows = crowded(64);
    EXPECT_GE(kept(rows, two_of_four, find_channel_permutation(rows, two_of_four, search)),
              kept(rows, two_of_four, identity(64)));
}

TEST(SampledRows, BoundTheFirstRound) {
    PermutationSearch search;
    search.first_round = 1'000'000;
    EXPECT_EQ(sampled_rows(50, 100, search), 50);
    EXPECT_EQ(sampled_rows(5000, 100, search), 100);
    EXPECT_EQ(sampled_rows(5000, 100'000, search), 1) << "of a section";
    EXPECT_EQ(sampled_rows(0, 100, search), 0);
    search.sample = 4200;
    EXPECT_EQ(sampled_rows(5000, 100, search), 42);
}

TEST(SampledRows, AreEvenlySpaced) {
    for (std::size_t sample = 0; sample < 7; ++sample) {
        EXPECT_EQ(sampled_row(sample, 7, 7), sample);
        EXPECT_EQ(sampled_row(sample, 7, 700), 100 * sample);
    }
    EXPECT_EQ(sampled_row(6, 7, 10), 8);
}

}  // namespace
}  // namespace stcsim::testing
