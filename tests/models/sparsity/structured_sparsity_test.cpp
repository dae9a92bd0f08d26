#include "sparsity/structured_sparsity.h"

#include <algorithm>
#include <bit>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "any_matrix.h"
#include "base/error.h"
#include "sparsity/magnitude.h"

namespace stcsim::testing {
namespace {

using enum ElementType;
using ::testing::HasSubstr;

constexpr std::uint32_t minus_zero = 0x8000;

BitMatrix row_of(ElementType type, std::vector<ElementBits> bits) {
    BitMatrix matrix(1, bits.size(), type);
    matrix.storage = std::move(bits);
    return matrix;
}

BitMatrix f16_row(std::vector<ElementBits> bits) {
    return row_of(f16, std::move(bits));
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
    EXPECT_EQ(prune(row_of(s8, {0x80, 0x7F, 0xFF, 0x02})), row_of(s8, {0x80, 0x7F, 0, 0}));  // -128, 127, -1, 2
}

TEST(Prune, KeepsThePairsOfTheLargestSumOfMagnitudes) {
    // Pairs 7 + 0, -3 - 3, 4 + 4, 0 + 0: the single 7 is less than 4 + 4 and more than 3 + 3.
    EXPECT_EQ(prune(row_of(s4, {7, 0, 13, 13, 4, 4, 0, 0})), row_of(s4, {7, 0, 0, 0, 4, 4, 0, 0}));
    EXPECT_EQ(prune(row_of(u4, {1, 0, 0, 1, 1, 0, 2, 0})), row_of(u4, {1, 0, 0, 0, 0, 0, 2, 0}));
}

TEST(Prune, TakesAnyPatternWithAnyType) {
    EXPECT_EQ(prune(f16_row({1, 2, 3, 4}), one_of_two), f16_row({0, 2, 0, 4}));
    EXPECT_EQ(prune(row_of(f32, {1, 2, 3, 0x80000004}), two_of_four), row_of(f32, {0, 0, 3, 0x80000004}));
    EXPECT_EQ(prune(row_of(s8, {9, 1, 5, 5, 0, 0, 5, 6}), four_of_eight_in_pairs),
              row_of(s8, {9, 1, 0, 0, 0, 0, 5, 6}));
}

TEST(Prune, KeepsMinusZeroWhereCompressionDoes) {
    const BitMatrix row = f16_row({0, 0x3C00, 0, minus_zero, 0, 0, minus_zero, minus_zero});
    EXPECT_EQ(prune(row), row);
    EXPECT_EQ(prune(f16_row({minus_zero, 0x3C00, 0x3C00, 0})), f16_row({0, 0x3C00, 0x3C00, 0}));
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
    // The last is noise below the mantissa: zero.
    const CompressedMatrix compressed = compress(row_of(tf32, {0, 0x3F800000, 0x40000000, 0x00001FFF}));
    EXPECT_EQ(compressed.codes, (std::vector<std::uint8_t>{1, 0}));
}

TEST(Compress, KeepsPairsOf4BitIntegers) {
    const CompressedMatrix compressed = compress(row_of(s4, {0, 0, 0, 9, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(compressed.values, row_of(s4, {0, 9, 3, 4, 0, 0, 0, 0}));
    EXPECT_EQ(compressed.codes, (std::vector<std::uint8_t>{1, 3, 0, 1}));
    EXPECT_EQ(expand(compressed), row_of(s4, {0, 0, 0, 9, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(Compress, RefusesFourOfEightThatAreNotPairs) {
    try {
        compress(row_of(s4, {1, 0, 1, 0, 1, 0, 0, 0}));
        FAIL() << "compressed three pairs";
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr("3 non-zero pairs in row 0, group 0"));
        EXPECT_THAT(error.what(), HasSubstr("at most 2 of the 4 pairs"));
    }
}

TEST(Compress, RefusesTypesWithoutASparseInstruction) {
    EXPECT_THROW(compress(BitMatrix(1, 8, f32)), InputError);
    EXPECT_THROW(expand({BitMatrix(1, 8, f64), std::vector<std::uint8_t>(8)}), InputError);
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
    EXPECT_THROW(prune(BitMatrix(2, 12, s4)), InputError);
    EXPECT_THROW(prune(BitMatrix(2, 12, f16), four_of_eight_in_pairs), InputError);
}

TEST(Expand, RefusesPositionsThatAreTakenOrOutside) {
    CompressedMatrix compressed{f16_row({0x3C00, 0x3C00}), {2, 2}};
    EXPECT_THROW(expand(compressed), InputError);
    compressed.codes = {1, 4};
    EXPECT_THROW(expand(compressed), InputError);
    compressed.codes = {3, 1};  // descending is legal for plain mma.sp
    EXPECT_EQ(expand(compressed), f16_row({0, 0x3C00, 0, 0x3C00}));
}

TEST(KeptMagnitude, SumsRowsAndCountsWhatIsNotFinite) {
    BitMatrix matrix(2, 4, f16);
    matrix.storage = {0x3C00, 0xC000, 0x4200, 0, 0x7C00, 0x3C00, 0xFE00, 0x3C00};  // 1 -2 3 0 | inf 1 NaN 1
    const std::vector<KeptMagnitude> rows = kept_magnitudes(matrix, two_of_four);
    EXPECT_EQ(rows, (std::vector<KeptMagnitude>{{5, 6, 0}, {0, 2, 2}}));
    EXPECT_EQ(KeptMagnitude{}.share(), 1);
    EXPECT_EQ(rows[0].share(), 5.0 / 6);
}

/// The largest sum of magnitudes that any choice of units keeps of a group.
double most_kept(ElementType type, const SparsePattern& pattern, const ElementBits* group) {
    double most = 0;
    for (std::uint32_t choice = 0; choice < 1U << pattern.positions(); ++choice) {
        if (std::popcount(choice) != static_cast<int>(pattern.codes())) continue;
        double sum = 0;
        for (std::uint32_t i = 0; i < pattern.group; ++i) {
            if ((choice >> i / pattern.unit & 1U) != 0) sum += Magnitudes(type).value(group[i]);
        }
        most = std::max(most, sum);
    }
    return most;
}

RC_GTEST_PROP(Prune, KeepsAsMuchAsAnyChoiceCould, ()) {
    const ElementType type = *rc::gen::element(f16, bf16, tf32, f32, f64, s8, u8, s4, u4);
    const SparsePattern pattern = any_pattern();
    const BitMatrix matrix = any_matrix(type, pattern);
    const BitMatrix pruned = prune(matrix, pattern);
    RC_ASSERT(pattern_violations(pruned, pattern).empty());
    KeptMagnitude total;
    for (const KeptMagnitude& row : kept_magnitudes(matrix, pattern)) total += row;
    double most = 0;
    double kept = 0;
    for (std::size_t first = 0; first < matrix.storage.size(); first += pattern.group) {
        most += most_kept(type, pattern, &matrix.storage[first]);
    }
    for (std::size_t i = 0; i < matrix.storage.size(); ++i) {
        RC_ASSERT(pruned.storage[i] == matrix.storage[i] || pruned.storage[i] == 0);
        kept += Magnitudes(type).value(pruned.storage[i]);
    }
    RC_ASSERT(kept == most);
    RC_ASSERT(total.kept == most);
}

RC_GTEST_PROP(Prune, IsIdempotent, ()) {
    const SparsePattern pattern = any_pattern();
    const BitMatrix pruned = prune(any_matrix(any_sparse_type(), pattern), pattern);
    RC_ASSERT(prune(pruned, pattern) == pruned);
}

RC_GTEST_PROP(Prune, TreatsAMatrixThatMeetsThePatternAsCompressionDoes, ()) {
    BitMatrix matrix = prune(any_matrix());
    const ElementBits sign = ElementBits{1} << (bits_of(matrix.type) - 1U);
    for (ElementBits& bits : matrix.storage) {
        if (bits == 0 && has_minus_zero(matrix.type) && *rc::gen::arbitrary<bool>()) bits = sign;
    }
    const BitMatrix restored = expand(compress(matrix));
    RC_ASSERT(prune(matrix) == restored);
    for (std::size_t i = 0; i < matrix.storage.size(); ++i) {
        RC_ASSERT(restored.storage[i] == matrix.storage[i] || (restored.storage[i] == 0 && matrix.storage[i] == sign));
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
    const SparsePattern pattern = sparse_pattern_of(compressed.values.type);
    RC_ASSERT(compressed.codes.size() * pattern.unit == compressed.values.storage.size());
    for (std::size_t c = 1; c < compressed.codes.size(); ++c) {
        if (c % pattern.codes() != 0) RC_ASSERT(compressed.codes[c - 1] < compressed.codes[c]);
    }
}

}  // namespace
}  // namespace stcsim::testing
