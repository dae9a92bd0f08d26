#include "sparsity/structured_sparsity.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "numerics/sparse_pattern.h"

namespace stcsim::testing {
namespace {

using enum ElementType;
using ::testing::HasSubstr;

constexpr std::uint32_t minus_zero = 0x8000;

BitMatrix f16_row(std::vector<ElementBits> bits) {
    BitMatrix matrix(1, bits.size(), f16);
    matrix.storage = std::move(bits);
    return matrix;
}

/// A matrix whose columns are whole groups; small magnitudes of both signs, so that zeros and ties are common.
BitMatrix any_matrix() {
    const ElementType type = *rc::gen::element(f16, bf16, tf32, s8);
    const auto rows = *rc::gen::inRange<std::size_t>(1, 5);
    const std::size_t columns = sparse_pattern_of(type).group * *rc::gen::inRange<std::size_t>(1, 8);
    const std::uint32_t sign = 1U << (bits_of(type) - 1U);
    const std::uint32_t step = type == tf32 ? 1U << 13U : 1U;
    BitMatrix matrix(rows, columns, type);
    matrix.storage = *rc::gen::container<std::vector<ElementBits>>(
        rows * columns,
        rc::gen::apply([=](std::uint32_t x, bool negative) { return x * step | (negative ? sign : 0U); },
                       rc::gen::inRange(0U, 4U), rc::gen::arbitrary<bool>()));
    return matrix;
}

TEST(Prune, KeepsTheLargestMagnitudesOfEachGroup) {
    // 1, -2, 0.5, 4 | 0.5, 0.25, -0.25, 0.125
    EXPECT_EQ(prune(f16_row({0x3C00, 0xC000, 0x3800, 0x4400, 0x3800, 0x3400, 0xB400, 0x3000})),
              f16_row({0, 0xC000, 0, 0x4400, 0x3800, 0x3400, 0, 0}));
}

TEST(Prune, KeepsTheLowerPositionOfEqualMagnitudes) {
    EXPECT_EQ(prune(f16_row({0x3C00, 0xBC00, 0x3C00, 0xBC00})), f16_row({0x3C00, 0xBC00, 0, 0}));
}

TEST(Prune, NeverPrunesANanSilently) {
    EXPECT_EQ(prune(f16_row({0x7C00, 0xFC00, 0x7E00, 0x3C00})), f16_row({0x7C00, 0, 0x7E00, 0}));
}

TEST(Prune, ComparesIntegersByAbsoluteValue) {
    BitMatrix matrix(1, 4, s8);
    matrix.storage = {0x80, 0x7F, 0xFF, 0x02};  // -128, 127, -1, 2
    BitMatrix expected(1, 4, s8);
    expected.storage = {0x80, 0x7F, 0, 0};
    EXPECT_EQ(prune(matrix), expected);
}

TEST(Compress, StoresTwoAscendingPositionsOfEveryGroup) {
    const CompressedMatrix compressed = compress(f16_row({0, 0x3C00, 0, 0xC000, 0, 0, 0, 0x3800}));
    EXPECT_EQ(compressed.values, f16_row({0x3C00, 0xC000, 0, 0x3800}));
    EXPECT_EQ(compressed.codes, (std::vector<std::uint8_t>{1, 3, 0, 3}));
}

TEST(Compress, GivesAnEmptyGroupTheFirstTwoPositions) {
    EXPECT_EQ(compress(f16_row({0, 0, 0, 0})).codes, (std::vector<std::uint8_t>{0, 1}));
}

TEST(Compress, KeepsMinusZeroWhereThereIsRoom) {
    const CompressedMatrix compressed = compress(f16_row({0, 0x3C00, 0, minus_zero, 0, 0, minus_zero, minus_zero}));
    EXPECT_EQ(compressed.values, f16_row({0x3C00, minus_zero, minus_zero, minus_zero}));
    EXPECT_EQ(compressed.codes, (std::vector<std::uint8_t>{1, 3, 2, 3}));
    EXPECT_EQ(compress(f16_row({minus_zero, 0x3C00, 0x3C00, minus_zero})).codes, (std::vector<std::uint8_t>{1, 2}));
}

TEST(Compress, KeepsOneOfTwoForTf32) {
    BitMatrix matrix(1, 4, tf32);
    matrix.storage = {0, 0x3F800000, 0x40000000, 0x00001FFF};  // the last is noise below the mantissa: zero
    const CompressedMatrix compressed = compress(matrix);
    EXPECT_EQ(compressed.codes, (std::vector<std::uint8_t>{1, 0}));
}

TEST(Compress, NamesRowAndGroupOfAViolation) {
    BitMatrix matrix(3, 8, f16);
    for (std::size_t k = 5; k < 8; ++k) matrix.at(2, k) = 0x3C00;
    EXPECT_EQ(pattern_violations(matrix), (std::vector<PatternViolation>{{2, 1, 3}}));
    try {
        compress(matrix);
        FAIL() << "compressed three of four";
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr("3 non-zeros in row 2, group 1"));
    }
}

TEST(StructuredSparsity, RefusesAnIncompleteGroup) {
    EXPECT_THROW(prune(BitMatrix(2, 6, f16)), InputError);
    EXPECT_THROW(compress(BitMatrix(2, 3, tf32)), InputError);
    EXPECT_THROW(pattern_violations(BitMatrix(2, 2, bf16)), InputError);
}

TEST(Expand, RefusesPositionsThatAreTakenOrOutside) {
    CompressedMatrix compressed{f16_row({0x3C00, 0x3C00}), {2, 2}};
    EXPECT_THROW(expand(compressed), InputError);
    compressed.codes = {1, 4};
    EXPECT_THROW(expand(compressed), InputError);
    compressed.codes = {3, 1};  // descending is legal for plain mma.sp
    EXPECT_EQ(expand(compressed), f16_row({0, 0x3C00, 0, 0x3C00}));
}

RC_GTEST_PROP(Prune, IsIdempotentAndMeetsThePattern, ()) {
    const BitMatrix pruned = prune(any_matrix());
    RC_ASSERT(pattern_violations(pruned).empty());
    RC_ASSERT(prune(pruned) == pruned);
}

RC_GTEST_PROP(Prune, LeavesAMatrixThatMeetsThePatternExceptForZeros, ()) {
    const BitMatrix matrix = any_matrix();
    if (!pattern_violations(matrix).empty()) return;
    const BitMatrix pruned = prune(matrix);
    RC_ASSERT(compress(pruned).values.storage.size() == compress(matrix).values.storage.size());
    for (std::size_t i = 0; i < matrix.storage.size(); ++i) {
        RC_ASSERT(pruned.storage[i] == matrix.storage[i] || pruned.storage[i] == 0);
    }
}

RC_GTEST_PROP(Compress, ExpandingGivesBackAPrunedMatrix, ()) {
    const BitMatrix pruned = prune(any_matrix());
    RC_ASSERT(expand(compress(pruned)) == pruned);
}

RC_GTEST_PROP(Compress, CompressingGivesBackWhatWasExpanded, ()) {
    const CompressedMatrix compressed = compress(prune(any_matrix()));
    RC_ASSERT(compress(expand(compressed)) == compressed);
}

RC_GTEST_PROP(Compress, CodesAreDistinctAndAscendingInEveryGroup, ()) {
    const CompressedMatrix compressed = compress(prune(any_matrix()));
    const std::size_t kept = sparse_pattern_of(compressed.values.type).kept;
    for (std::size_t s = 1; s < compressed.codes.size(); ++s) {
        if (s % kept != 0) RC_ASSERT(compressed.codes[s - 1] < compressed.codes[s]);
    }
}

}  // namespace
}  // namespace stcsim::testing
