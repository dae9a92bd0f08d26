#include "numerics/reference_gemm.h"

#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "numerics/fused_dot_add.h"
#include "numerics/sparse_pattern.h"
#include "random_numbers.h"

namespace stcsim::testing {
namespace {

using enum ElementType;

struct Types {
    ElementType input;
    ElementType accumulator;
};

Types any_types() {
    const ElementType input = *rc::gen::element(f16, bf16, tf32);
    return {input, input == f16 ? *rc::gen::element(f32, f16) : f32};
}

/// The definition: passes of plain fused dot products over the padded k.
BitMatrix chained(const BitMatrix& a, const std::vector<std::uint8_t>& codes, const BitMatrix& b, const BitMatrix& c,
                  std::size_t padded_stored) {
    const SparsePattern pattern = sparse_pattern_of(a.type);
    const std::size_t length = pass_length_of(a.type);
    BitMatrix d = c;
    for (std::size_t row = 0; row < d.rows; ++row) {
        for (std::size_t column = 0; column < d.columns; ++column) {
            for (std::size_t start = 0; start < padded_stored; start += length) {
                std::vector<ElementBits> left(length);
                std::vector<ElementBits> right(length);
                for (std::size_t s = start; s < std::min(start + length, a.columns); ++s) {
                    left[s - start] = a.at(row, s);
                    const std::size_t k =
                        codes.empty() ? s : s / pattern.kept * pattern.group + codes[row * a.columns + s];
                    right[s - start] = b.at(k, column);
                }
                d.at(row, column) = fused_dot_add(a.type, c.type, left, right, d.at(row, column));
            }
        }
    }
    return d;
}

RC_GTEST_PROP(ReferenceGemm, EqualsChainedPlainFusedDotProducts, ()) {
    const Types types = any_types();
    const auto m = *rc::gen::inRange<std::size_t>(1, 4);
    const auto n = *rc::gen::inRange<std::size_t>(1, 40);
    const auto k = *rc::gen::inRange<std::size_t>(1, 40);
    const std::size_t length = pass_length_of(types.input);
    const std::size_t padded = (k + length - 1) / length * length + length * *rc::gen::inRange<std::size_t>(0, 3);
    const bool finite = *rc::gen::arbitrary<bool>();
    const auto bits = [&](ElementType type) { return finite ? finite_bits(type) : float_bits(type); };
    const BitMatrix a = matrix_of(m, k, types.input, bits(types.input));
    const BitMatrix b = matrix_of(k, n, types.input, bits(types.input));
    const BitMatrix c = matrix_of(m, n, types.accumulator, bits(types.accumulator));
    RC_ASSERT(reference_gemm(a, b, c, {.padded_k = padded}) == chained(a, {}, b, c, padded));
}

RC_GTEST_PROP(ReferenceGemm, SparseEqualsChainedPlainFusedDotProducts, ()) {
    const Types types = any_types();
    const SparsePattern pattern = sparse_pattern_of(types.input);
    const auto m = *rc::gen::inRange<std::size_t>(1, 4);
    const auto n = *rc::gen::inRange<std::size_t>(1, 24);
    const auto groups = *rc::gen::inRange<std::size_t>(1, 20);
    const std::size_t stored = groups * pattern.kept;
    const std::size_t length = pass_length_of(types.input);
    const std::size_t padded_stored = (stored + length - 1) / length * length;
    const BitMatrix a = matrix_of(m, stored, types.input, float_bits(types.input));
    const BitMatrix b = matrix_of(groups * pattern.group, n, types.input, float_bits(types.input));
    const BitMatrix c = matrix_of(m, n, types.accumulator, float_bits(types.accumulator));
    const auto codes = *rc::gen::container<std::vector<std::uint8_t>>(
        m * stored, rc::gen::inRange<std::uint8_t>(0, static_cast<std::uint8_t>(pattern.group)));
    RC_ASSERT(reference_sparse_gemm(a, codes, b, c) == chained(a, codes, b, c, padded_stored));
}

TEST(ReferenceGemm, EqualsTheChainBeyondOneBlockOfK) {
    // k = 1300 takes three blocks; values large enough for f16 sums to overflow on the way in some columns.
    for (const ElementType accumulator : {f32, f16}) {
        BitMatrix a(3, 1300, f16);
        BitMatrix b(1300, 21, f16);
        std::uint32_t state = 1;
        for (BitMatrix* matrix : {&a, &b}) {
            for (ElementBits& bits : matrix->storage) {
                state = state * 1664525U + 1013904223U;
                bits = (state >> 16U & 0x8FFFU) | 0x3000U;
            }
        }
        const BitMatrix c(3, 21, accumulator);
        EXPECT_TRUE(reference_gemm(a, b, c) == chained(a, {}, b, c, 1304));
    }
}

TEST(ReferenceGemm, OverflowOnTheWayStaysInfinite) {
    // Two passes: the first overflows f16, the second would bring the sum back.
    BitMatrix a(1, 16, f16);
    BitMatrix b(16, 1, f16);
    a.at(0, 0) = 0x7BFF;
    b.at(0, 0) = 0x4000;
    a.at(0, 8) = 0xFBFF;
    b.at(8, 0) = 0x3C00;
    EXPECT_EQ(reference_gemm(a, b, BitMatrix(1, 1, f16)).at(0, 0), 0x7C00U);
}

TEST(ReferenceGemm, CutsWhatLiesBelowTheSmallestF32) {
    // 2^-149 + 2^-150: half of the smallest subnormal is cut, not rounded up.
    BitMatrix a(1, 2, bf16);
    BitMatrix b(2, 1, bf16);
    a.storage = {from_double(bf16, 0x1p-75), from_double(bf16, 0x1p-75)};
    b.storage = {from_double(bf16, 0x1p-74), from_double(bf16, 0x1p-75)};
    const BitMatrix c(1, 1, f32);
    EXPECT_EQ(reference_gemm(a, b, c), chained(a, {}, b, c, 8));
    EXPECT_EQ(reference_gemm(a, b, c).at(0, 0), 1U);
}

TEST(ReferenceGemm, AZeroAddendTakesNoPartInTheAlignment) {
    // 2^-25 + 2^-45 rounds up to the smallest f16; aligned to a zero's exponent of -14, 2^-45 would be cut: a tie to 0.
    BitMatrix a(1, 2, f16);
    BitMatrix b(2, 1, f16);
    a.storage = {from_double(f16, 0x1p-13), from_double(f16, 0x1p-24)};
    b.storage = {from_double(f16, 0x1p-12), from_double(f16, 0x1p-21)};
    const BitMatrix c(1, 1, f16);
    EXPECT_EQ(reference_gemm(a, b, c), chained(a, {}, b, c, 8));
    EXPECT_EQ(reference_gemm(a, b, c).at(0, 0), 1U);
}

TEST(ReferenceGemm, PaddedPassesTurnMinusZeroIntoZero) {
    BitMatrix c(1, 1, f32);
    c.at(0, 0) = 0x80000000;
    const BitMatrix a(1, 0, f16);
    const BitMatrix b(0, 1, f16);
    EXPECT_EQ(reference_gemm(a, b, c).at(0, 0), 0x80000000U);
    EXPECT_EQ(reference_gemm(a, b, c, {.padded_k = 16}).at(0, 0), 0U);
}

TEST(ReferenceGemm, SparseTimesInfinityInAnUnselectedRowIsFinite) {
    BitMatrix a(1, 2, f16);
    a.at(0, 0) = a.at(0, 1) = 0x3C00;
    BitMatrix b(4, 1, f16);
    b.storage = {0x3C00, 0x7C00, 0x7C00, 0x3C00};
    const BitMatrix c(1, 1, f32);
    EXPECT_EQ(reference_sparse_gemm(a, std::vector<std::uint8_t>{0, 3}, b, c).at(0, 0), 0x40000000U);
    EXPECT_EQ(reference_sparse_gemm(a, std::vector<std::uint8_t>{0, 1}, b, c).at(0, 0), 0x7F800000U);
}

TEST(ReferenceGemm, RefusesOperandsThatDoNotFit) {
    const BitMatrix a(4, 8, f16);
    const BitMatrix b(8, 5, f16);
    const BitMatrix c(4, 5, f32);
    EXPECT_THROW(reference_gemm(a, BitMatrix(7, 5, f16), c), InputError);
    EXPECT_THROW(reference_gemm(a, b, BitMatrix(4, 6, f32)), InputError);
    EXPECT_THROW(reference_gemm(a, BitMatrix(8, 5, bf16), c), InputError);
    EXPECT_THROW(reference_gemm(a, b, BitMatrix(4, 5, bf16)), InputError);
    EXPECT_THROW(reference_gemm(a, b, c, {.padded_k = 12}), InputError);
    EXPECT_THROW(reference_gemm(BitMatrix(4, 24, f16), BitMatrix(24, 5, f16), c, {.padded_k = 16}), InputError);
    const std::vector<std::uint8_t> codes(std::size_t{4} * 8, 4);
    EXPECT_THROW(reference_sparse_gemm(a, codes, BitMatrix(16, 5, f16), c), InputError);
    EXPECT_THROW(reference_sparse_gemm(a, std::vector<std::uint8_t>(3), BitMatrix(16, 5, f16), c), InputError);
}

}  // namespace
}  // namespace stcsim::testing
