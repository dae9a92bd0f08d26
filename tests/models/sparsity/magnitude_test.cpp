#include "sparsity/magnitude.h"

#include <bit>
#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace stcsim::testing {
namespace {

using enum ElementType;

TEST(Magnitude, IsTheAbsoluteValueOfEveryType) {
    EXPECT_EQ(magnitude(f16, 0xC200), 3);
    EXPECT_EQ(magnitude(bf16, 0xC040), 3);
    EXPECT_EQ(magnitude(f32, std::bit_cast<std::uint32_t>(-3.5F)), 3.5);
    EXPECT_EQ(magnitude(f64, std::bit_cast<std::uint64_t>(-3.5e300)), 3.5e300);
    EXPECT_EQ(magnitude(s8, 0x80), 128);
    EXPECT_EQ(magnitude(u8, 0x80), 128);
    EXPECT_EQ(magnitude(s4, 0x8), 8);
    EXPECT_EQ(magnitude(s4, 0xF), 1);
    EXPECT_EQ(magnitude(u4, 0xF), 15);
    EXPECT_EQ(magnitude(s32, 0x80000000), 2147483648.0);
}

TEST(Magnitude, OfTf32DropsTheLow13Bits) {
    EXPECT_EQ(magnitude(tf32, 0xBF801FFF), 1);
    EXPECT_TRUE(is_zero(tf32, 0x80001FFF));
    EXPECT_FALSE(is_zero(tf32, 0x2000));
    EXPECT_FALSE(is_zero(f32, 0x1FFF));
}

TEST(Magnitude, ZerosOfBothSignsAreZero) {
    EXPECT_TRUE(is_zero(f16, 0x8000));
    EXPECT_TRUE(is_zero(bf16, 0x8000));
    EXPECT_TRUE(is_zero(f64, ElementBits{1} << 63U));
    EXPECT_FALSE(std::signbit(magnitude(f16, 0x8000)));
}

TEST(Magnitude, NanIsNanAndOrdersAboveInfinity) {
    EXPECT_TRUE(std::isnan(magnitude(f16, 0xFE00)));
    EXPECT_GT(magnitude_order(f16, 0xFE00), magnitude_order(f16, 0x7C00));
    EXPECT_GT(magnitude_order(f64, 0xFFF8000000000000), magnitude_order(f64, 0x7FF0000000000000));
    EXPECT_GT(magnitude_order(f16, 0x7C00), magnitude_order(f16, 0x7BFF));
}

RC_GTEST_PROP(Magnitude, OrdersAsItsOrderDoes, ()) {
    const ElementType type = *rc::gen::element(f16, bf16, tf32, f32, f64, s8, u8, s4, u4, s32);
    const ElementBits mask = bits_of(type) == 64 ? ~ElementBits{0} : (ElementBits{1} << bits_of(type)) - 1U;
    const ElementBits a = *rc::gen::arbitrary<ElementBits>() & mask;
    const ElementBits b = *rc::gen::arbitrary<ElementBits>() & mask;
    if (std::isnan(magnitude(type, a)) || std::isnan(magnitude(type, b))) return;
    RC_ASSERT((magnitude(type, a) < magnitude(type, b)) == (magnitude_order(type, a) < magnitude_order(type, b)));
}

}  // namespace
}  // namespace stcsim::testing
