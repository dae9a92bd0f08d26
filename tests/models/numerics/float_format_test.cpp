#include "numerics/float_format.h"

#include <bit>
#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "random_numbers.h"

namespace stcsim::testing {
namespace {

using enum ElementType;

TEST(FloatFormat, HasTheRangesOfTheirDefinitions) {
    // IEEE 754-2019 table 3.5; bf16 and tf32: NVIDIA A100 white paper.
    EXPECT_EQ(to_double(f16, 0x7BFF), 65504.0);
    EXPECT_EQ(to_double(f16, 0x0001), std::ldexp(1.0, -24));
    EXPECT_EQ(to_double(bf16, 0x0080), std::ldexp(1.0, -126));
    EXPECT_EQ(to_double(f32, 0x00000001), std::ldexp(1.0, -149));
    EXPECT_EQ(to_double(tf32, 0x3F802000), 1.0 + std::ldexp(1.0, -10));
}

TEST(FloatFormat, IgnoresTheLowBitsOfTf32) {
    EXPECT_EQ(to_double(tf32, 0x3F801FFF), 1.0);
    EXPECT_EQ(decode(float_format_of(tf32), 0x00001FFF).kind, FloatClass::zero);
}

TEST(FloatFormat, ConvertsAnNanToTheCanonicalOne) {
    EXPECT_EQ(convert(f32, f16, 0x7FC00001), 0x7FFFU);
    EXPECT_EQ(convert(f32, bf16, 0xFFC00000), 0x7FFFU);
    EXPECT_EQ(convert(f16, f32, 0xFE00), 0x7FFFFFFFU);
    EXPECT_EQ(from_double(f16, std::nan("")), 0x7FFFU);
}

TEST(FloatFormat, RoundsTiesToEvenAndOverflowsToInfinity) {
    EXPECT_EQ(from_double(f16, 2049.0), 0x6800U);   // between 2048 and 2050
    EXPECT_EQ(from_double(f16, 2051.0), 0x6802U);   // between 2050 and 2052
    EXPECT_EQ(from_double(f16, 65519.0), 0x7BFFU);  // below the middle to 65536
    EXPECT_EQ(from_double(f16, 65520.0), 0x7C00U);  // the middle
    EXPECT_EQ(from_double(f16, -1e300), 0xFC00U);
    EXPECT_EQ(from_double(f16, std::ldexp(1.0, -25)), 0x0000U);  // half of the smallest: ties to even
    EXPECT_EQ(from_double(f16, std::ldexp(1.5, -25)), 0x0001U);
    EXPECT_EQ(from_double(f16, -std::ldexp(1.0, -30)), 0x8000U);     // the sign survives
    EXPECT_EQ(from_double(f16, std::ldexp(1023.75, -24)), 0x0400U);  // a subnormal rounds up to normal
}

TEST(FloatFormat, TruncationNeverRoundsAwayFromZero) {
    const FloatFormat format = float_format_of(f32);
    EXPECT_EQ(encode(format, false, 0x1FFFFFF, 0, Rounding::toward_zero), std::bit_cast<std::uint32_t>(33554430.0F));
    EXPECT_EQ(encode(format, true, 3, -150, Rounding::toward_zero), 0x80000001U);
}

RC_GTEST_PROP(FloatFormat, SurvivesTheRoundTripThroughDouble, ()) {
    const ElementType type = *rc::gen::element(f16, bf16, f32);
    const std::uint32_t bits = *finite_bits(type);
    RC_ASSERT(from_double(type, to_double(type, bits)) == bits);
}

RC_GTEST_PROP(FloatFormat, WideningToF32AndBackIsExact, ()) {
    const ElementType type = *rc::gen::element(f16, bf16);
    const std::uint32_t bits = *finite_bits(type);
    RC_ASSERT(convert(f32, type, convert(type, f32, bits)) == bits);
    RC_ASSERT(to_double(f32, convert(type, f32, bits)) == to_double(type, bits));
}

RC_GTEST_PROP(FloatFormat, DecodesF32AsThisMachineDoes, ()) {
    const std::uint32_t bits = *finite_bits(f32);
    RC_ASSERT(to_double(f32, bits) == static_cast<double>(std::bit_cast<float>(bits)));
}

RC_GTEST_PROP(FloatFormat, RoundsDoubleToF32AsThisMachineDoes, ()) {
    const double value = to_double(f32, *finite_bits(f32)) * (1.0 + std::ldexp(*rc::gen::inRange(0, 1 << 30), -52));
    RC_ASSERT(from_double(f32, value) == std::bit_cast<std::uint32_t>(static_cast<float>(value)));
}

RC_GTEST_PROP(FloatFormat, RoundsToTheNearestValue, ()) {
    const ElementType type = *rc::gen::element(f16, bf16);
    const std::uint32_t bits = *finite_bits(f32);
    const double value = to_double(f32, bits);
    const FloatFormat format = float_format_of(type);
    const std::uint32_t rounded = convert(f32, type, bits);
    const std::uint32_t magnitude = rounded & (format.sign_bit() - 1);
    RC_PRE(magnitude > 0 && magnitude < format.infinity() - 1);
    const double error = std::abs(to_double(type, rounded) - value);
    RC_ASSERT(error <= std::abs(to_double(type, rounded + 1) - value));
    RC_ASSERT(error <= std::abs(to_double(type, rounded - 1) - value));
}

}  // namespace
}  // namespace stcsim::testing
