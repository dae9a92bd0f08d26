#include "numerics/fused_dot_add.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "numerics/float_format.h"
#include "random_numbers.h"

namespace stcsim::testing {
namespace {

using enum ElementType;
using Bits = std::vector<ElementBits>;

constexpr std::uint32_t infinity_f16 = 0x7C00;
constexpr std::uint32_t minus_infinity_f16 = 0xFC00;
constexpr std::uint32_t one_f16 = 0x3C00;
constexpr std::uint32_t infinity_f32 = 0x7F800000;
constexpr std::uint32_t nan_f32 = 0x7FFFFFFF;

std::uint32_t f16_dot(const Bits& a, const Bits& b, std::uint32_t addend) {
    return fused_dot_add(f16, f32, a, b, addend);
}

TEST(FusedDotAdd, InfinityTimesZeroIsTheCanonicalNan) {
    EXPECT_EQ(f16_dot({infinity_f16}, {0}, 0), nan_f32);
    EXPECT_EQ(fused_dot_add(f16, f16, Bits{infinity_f16}, Bits{0x8000}, 0), 0x7FFFU);
}

TEST(FusedDotAdd, InfinitiesOfBothSignsAreNan) {
    EXPECT_EQ(f16_dot({infinity_f16, minus_infinity_f16}, {one_f16, one_f16}, 0), nan_f32);
    EXPECT_EQ(f16_dot({infinity_f16}, {one_f16}, infinity_f32 | 0x80000000), nan_f32);
    EXPECT_EQ(f16_dot({minus_infinity_f16}, {minus_infinity_f16}, infinity_f32), infinity_f32);
}

TEST(FusedDotAdd, AnyNanGivesTheCanonicalNan) {
    EXPECT_EQ(f16_dot({0xFE01}, {one_f16}, 0), nan_f32);
    EXPECT_EQ(f16_dot({0}, {0x7C01}, 0), nan_f32);
    EXPECT_EQ(f16_dot({0}, {0}, 0xFF800001), nan_f32);
}

TEST(FusedDotAdd, ZeroIsPositiveWhateverTheSigns) {
    EXPECT_EQ(f16_dot({0x8000}, {one_f16}, 0x80000000), 0U);
    EXPECT_EQ(f16_dot({one_f16, 0xBC00}, {one_f16, one_f16}, 0x80000000), 0U);
    // A negative sum of half the smallest f16 subnormal.
    EXPECT_EQ(fused_dot_add(f16, f16, Bits{0x8001}, Bits{0x3800}, 0), 0U);
}

TEST(FusedDotAdd, KeepsSubnormals) {
    EXPECT_EQ(f16_dot({0}, {0}, 0x00000001), 0x00000001U);
    EXPECT_EQ(to_double(f32, f16_dot({0x0001}, {0x0001}, 0)), std::ldexp(1.0, -48));
    EXPECT_EQ(fused_dot_add(f16, f16, Bits{0x0001}, Bits{one_f16}, 0x0001), 0x0002U);
}

TEST(FusedDotAdd, CutsTermsTwentyFourBitsBelowTheLargestExponent) {
    // 2^-14 x 2^-10 lies 24 bits below 1 and counts (two of them reach f32's last bit); half of it is cut away, however
    // often it is added.
    const Bits a(8, 0x0400);
    EXPECT_EQ(to_double(f32, f16_dot(a, Bits(8, 0x1400), 0x3F800000)), 1.0 + std::ldexp(8.0, -24));
    EXPECT_EQ(to_double(f32, f16_dot(a, Bits(8, 0x1000), 0x3F800000)), 1.0);
}

TEST(FusedDotAdd, AlignsToTheUnnormalisedExponentOfProducts) {
    // 1.5 x 1.5 = 2.25 has the exponent 0 of its factors, so that 2^-24 still counts beside it: 2.25 + 4 x 2^-24.
    const std::uint32_t result =
        f16_dot({0x3E00, 0x0400, 0x0400, 0x0400, 0x0400}, {0x3E00, 0x1400, 0x1400, 0x1400, 0x1400}, 0);
    EXPECT_EQ(to_double(f32, result), 2.25 + std::ldexp(4.0, -24));
}

TEST(FusedDotAdd, TruncatesF32AndRoundsF16) {
    EXPECT_EQ(f16_dot({0x0400}, {0x1400}, 0x3F800000), 0x3F800000U);                    // 1 + 2^-24 cut
    EXPECT_EQ(f16_dot({0x8400}, {0x1400}, 0xBF800000), 0xBF800000U);                    // toward zero also below it
    EXPECT_EQ(fused_dot_add(f16, f16, Bits{one_f16}, Bits{one_f16}, 0x6800), 0x6800U);  // 2048 + 1: tie to even
    EXPECT_EQ(fused_dot_add(f16, f16, Bits{one_f16}, Bits{one_f16}, 0x6801), 0x6802U);  // 2050 + 1: tie to even
}

TEST(FusedDotAdd, OverflowIsInfinity) {
    EXPECT_EQ(fused_dot_add(f16, f16, Bits{0x7BFF}, Bits{0x4000}, 0), 0x7C00U);
    EXPECT_EQ(fused_dot_add(bf16, f32, Bits{0xFF7F}, Bits{0x7F7F}, 0), infinity_f32 | 0x80000000);
}

TEST(FusedDotAdd, RefusesTypesItDoesNotModel) {
    EXPECT_THROW(fused_dot_add(s8, f32, Bits{1}, Bits{1}, 0), InvariantError);
    EXPECT_THROW(fused_dot_add(f16, bf16, Bits{1}, Bits{1}, 0), InvariantError);
    EXPECT_THROW(fused_dot_add(f16, f32, Bits{1, 2}, Bits{1}, 0), InvariantError);
}

RC_GTEST_PROP(FusedDotAdd, DoesNotDependOnTheOrderOfTheProducts, ()) {
    const ElementType input = *rc::gen::element(f16, bf16, tf32);
    BitMatrix a = matrix_of(1, 8, input, float_bits(input));
    BitMatrix b = matrix_of(1, 8, input, float_bits(input));
    const std::uint32_t addend = *float_bits(f32);
    const std::uint32_t sum = fused_dot_add(input, f32, a.storage, b.storage, addend);
    const auto i = *rc::gen::inRange<std::size_t>(0, 8);
    const auto j = *rc::gen::inRange<std::size_t>(0, 8);
    std::swap(a.storage[i], a.storage[j]);
    std::swap(b.storage[i], b.storage[j]);
    RC_ASSERT(fused_dot_add(input, f32, a.storage, b.storage, addend) == sum);
    RC_ASSERT(fused_dot_add(input, f32, b.storage, a.storage, addend) == sum);
}

RC_GTEST_PROP(FusedDotAdd, NegatingEverythingNegatesTheResult, ()) {
    const ElementType accumulator = *rc::gen::element(f32, f16);
    const BitMatrix a = matrix_of(1, 8, f16, finite_bits(f16));
    BitMatrix b = matrix_of(1, 8, f16, finite_bits(f16));
    const std::uint32_t addend = *finite_bits(accumulator);
    const std::uint32_t sign = float_format_of(accumulator).sign_bit();
    const std::uint32_t sum = fused_dot_add(f16, accumulator, a.storage, b.storage, addend);
    for (ElementBits& bits : b.storage) bits ^= 0x8000U;
    const std::uint32_t negated = fused_dot_add(f16, accumulator, a.storage, b.storage, addend ^ sign);
    RC_ASSERT(negated == (sum == 0 ? 0U : sum ^ sign));
}

RC_GTEST_PROP(FusedDotAdd, IsWithinTheErrorOfItsTruncations, ()) {
    const BitMatrix a = matrix_of(1, 8, f16, finite_bits(f16));
    const BitMatrix b = matrix_of(1, 8, f16, finite_bits(f16));
    const std::uint32_t addend = from_double(f32, *rc::gen::inRange(-1000000, 1000000) / 1024.0);
    // A long double loses nothing that matters beside the bound below.
    long double exact = to_double(f32, addend);
    double largest = std::abs(to_double(f32, addend));
    for (std::size_t i = 0; i < 8; ++i) {
        const double product = to_double(f16, a.storage[i]) * to_double(f16, b.storage[i]);
        exact += product;
        largest = std::max(largest, std::abs(product));
    }
    const double result = to_double(f32, fused_dot_add(f16, f32, a.storage, b.storage, addend));
    // Nine terms lose less than 2^-24 of the largest each, the result less than 2^-23 of itself.
    const long double bound =
        9 * std::ldexp(largest, -24) + std::ldexp(std::abs(static_cast<double>(exact)) + largest, -23);
    RC_ASSERT(std::abs(static_cast<long double>(result) - exact) <= bound);
}

}  // namespace
}  // namespace stcsim::testing
