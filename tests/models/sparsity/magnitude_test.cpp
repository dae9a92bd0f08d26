#include "sparsity/magnitude.h"

#include <bit>
#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace stcsim::testing {
namespace {

using enum ElementType;

TEST(Magnitude, IsTheAbsoluteValueOfEveryType) {
    EXPECT_EQ(Magnitudes(f16).value(0xC200), 3);
    EXPECT_EQ(Magnitudes(bf16).value(0xC040), 3);
    EXPECT_EQ(Magnitudes(f32).value(std::bit_cast<std::uint32_t>(-3.5F)), 3.5);
    EXPECT_EQ(Magnitudes(f64).value(std::bit_cast<std::uint64_t>(-3.5e300)), 3.5e300);
    EXPECT_EQ(Magnitudes(s8).value(0x80), 128);
    EXPECT_EQ(Magnitudes(u8).value(0x80), 128);
    EXPECT_EQ(Magnitudes(s4).value(0x8), 8);
    EXPECT_EQ(Magnitudes(s4).value(0xF), 1);
    EXPECT_EQ(Magnitudes(u4).value(0xF), 15);
    EXPECT_EQ(Magnitudes(s32).value(0x80000000), 2147483648.0);
}

TEST(Magnitude, OfTf32DropsTheLow13Bits) {
    EXPECT_EQ(Magnitudes(tf32).value(0xBF801FFF), 1);
    EXPECT_TRUE(Magnitudes(tf32).is_zero(0x80001FFF));
    EXPECT_FALSE(Magnitudes(tf32).is_zero(0x2000));
    EXPECT_FALSE(Magnitudes(f32).is_zero(0x1FFF));
}

TEST(Magnitude, ZerosOfBothSignsAreZero) {
    EXPECT_TRUE(Magnitudes(f16).is_zero(0x8000));
    EXPECT_TRUE(Magnitudes(bf16).is_zero(0x8000));
    EXPECT_TRUE(Magnitudes(f64).is_zero(ElementBits{1} << 63U));
    EXPECT_FALSE(std::signbit(Magnitudes(f16).value(0x8000)));
}

TEST(Magnitude, NanIsNanAndOrdersAboveInfinity) {
    EXPECT_TRUE(std::isnan(Magnitudes(f16).value(0xFE00)));
    EXPECT_GT(Magnitudes(f16).order(0xFE00), Magnitudes(f16).order(0x7C00));
    EXPECT_GT(Magnitudes(f64).order(0xFFF8000000000000), Magnitudes(f64).order(0x7FF0000000000000));
    EXPECT_GT(Magnitudes(f16).order(0x7C00), Magnitudes(f16).order(0x7BFF));
}

RC_GTEST_PROP(Magnitude, OrdersAsItsOrderDoes, ()) {
    const ElementType type = *rc::gen::element(f16, bf16, tf32, f32, f64, s8, u8, s4, u4, s32);
    const ElementBits mask = bits_of(type) == 64 ? ~ElementBits{0} : (ElementBits{1} << bits_of(type)) - 1U;
    const ElementBits a = *rc::gen::arbitrary<ElementBits>() & mask;
    const ElementBits b = *rc::gen::arbitrary<ElementBits>() & mask;
    if (std::isnan(Magnitudes(type).value(a)) || std::isnan(Magnitudes(type).value(b))) return;
    RC_ASSERT((Magnitudes(type).value(a) < Magnitudes(type).value(b)) ==
              (Magnitudes(type).order(a) < Magnitudes(type).order(b)));
}

}  // namespace
}  // namespace stcsim::testing
