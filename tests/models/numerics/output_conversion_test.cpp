#include "numerics/output_conversion.h"

#include <bit>

#include <gtest/gtest.h>

namespace stcsim {
namespace {

using enum ElementType;

std::uint32_t from_s32(std::int32_t sum, ElementType output) {
    return stored_element(s32, output, static_cast<std::uint32_t>(sum));
}

TEST(StoredElement, LeavesTheAccumulatorsTypeAsItIs) {
    EXPECT_EQ(stored_element(f32, f32, 0x7fc12345U), 0x7fc12345U);
    EXPECT_EQ(from_s32(-5, s32), 0xfffffffbU);
}

TEST(StoredElement, RoundsFloatsToNearestEven) {
    EXPECT_EQ(stored_element(f32, bf16, 0x3f808000U), 0x3f80U);
    EXPECT_EQ(stored_element(f32, bf16, 0x3f818000U), 0x3f82U);
    EXPECT_EQ(stored_element(f32, f16, std::bit_cast<std::uint32_t>(65536.0F)), 0x7c00U);
}

TEST(StoredElement, SaturatesIntegersToBytes) {
    EXPECT_EQ(from_s32(127, s8), 0x7fU);
    EXPECT_EQ(from_s32(128, s8), 0x7fU);
    EXPECT_EQ(from_s32(-1, s8), 0xffU);
    EXPECT_EQ(from_s32(-1000000, s8), 0x80U);
    EXPECT_EQ(from_s32(-1, u8), 0U);
    EXPECT_EQ(from_s32(200, u8), 200U);
    EXPECT_EQ(from_s32(1 << 30, u8), 255U);
}

TEST(StoredElement, TakesIntegersToShortFloatsThroughSingle) {
    EXPECT_EQ(from_s32(-2, f16), 0xc000U);
    EXPECT_EQ(from_s32(65520, f16), 0x7c00U) << "halfway to 65536, which f16 does not have";
    EXPECT_EQ(from_s32(257, bf16), 0x4380U) << "halfway between 256 and 258: to even";
    // 2^24 + 2^16 + 1 is nearest to the upper neighbour in bf16, but its f32 is exactly halfway and goes to even.
    EXPECT_EQ(from_s32((1 << 24) + (1 << 16) + 1, bf16), 0x4b80U);
}

}  // namespace
}  // namespace stcsim
