/// One pass of every type against references that are written another way: integers in 128 bits, bits one by one, f64
/// against single fused multiply-adds on chosen values.

#include "numerics/dot_add.h"

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "numerics/fused_dot_add.h"
#include "random_numbers.h"

namespace stcsim::testing {
namespace {

using enum ElementType;
using Bits = std::vector<ElementBits>;
__extension__ using WideInteger = __int128;

constexpr Arithmetic f64_arithmetic{f64, f64, f64};
constexpr double infinity = std::numeric_limits<double>::infinity();

ElementBits bits_of_double(double value) {
    return std::bit_cast<ElementBits>(value);
}

ElementBits f64_dot(const std::vector<double>& a, const std::vector<double>& b, double addend) {
    Bits left;
    Bits right;
    for (const double x : a) left.push_back(bits_of_double(x));
    for (const double x : b) right.push_back(bits_of_double(x));
    return dot_add(f64_arithmetic, left, right, bits_of_double(addend));
}

TEST(DotAddF64, RoundsOncePerProductInAscendingOrder) {
    // (1 + 2^-30)^2 - 1 keeps its 2^-60, which a rounded product would lose.
    EXPECT_EQ(f64_dot({1 + 0x1p-30}, {1 + 0x1p-30}, -1.0), bits_of_double(0x1p-29 + 0x1p-60));
    // 2^60 swallows the 1 before it is taken away again; the other order keeps it.
    EXPECT_EQ(f64_dot({0x1p60, -0x1p60}, {1.0, 1.0}, 1.0), bits_of_double(0.0));
    EXPECT_EQ(f64_dot({0x1p60, -0x1p60, 1.0}, {1.0, 1.0, 1.0}, 0.0), bits_of_double(1.0));
    // Ties to even, both ways.
    EXPECT_EQ(f64_dot({1.0}, {0x1p-53}, 1.0), bits_of_double(1.0));
    EXPECT_EQ(f64_dot({1.0}, {0x1p-53}, 1.0 + 0x1p-52), bits_of_double(1.0 + 0x1p-51));
}

TEST(DotAddF64, KeepsSubnormalsAndSignsOfZeros) {
    EXPECT_EQ(f64_dot({0x1p-1000}, {0x1p-74}, 0.0), 1U);
    EXPECT_EQ(f64_dot({0x1p-1000}, {0x1p-75}, 0.0), 0U);  // a tie to zero
    EXPECT_EQ(f64_dot({1.0}, {-0.0}, -0.0), bits_of_double(-0.0));
    EXPECT_EQ(f64_dot({1.0}, {0.0}, -0.0), bits_of_double(0.0));
    EXPECT_EQ(f64_dot({1.0}, {-1.0}, 1.0), bits_of_double(0.0));
}

TEST(DotAddF64, OverflowsToInfinity) {
    const double largest = std::numeric_limits<double>::max();
    EXPECT_EQ(f64_dot({largest}, {2.0}, 0.0), bits_of_double(infinity));
    EXPECT_EQ(f64_dot({largest}, {2.0}, -largest), bits_of_double(largest));
    EXPECT_EQ(f64_dot({-infinity}, {2.0}, largest), bits_of_double(-infinity));
}

TEST(DotAddF64, EveryNanIsTheSameOne) {
    const double payload = std::bit_cast<double>(ElementBits{0x7FF0000000001234});
    EXPECT_EQ(f64_dot({infinity}, {0.0}, 0.0), canonical_nan_f64);
    EXPECT_EQ(f64_dot({infinity}, {1.0}, -infinity), canonical_nan_f64);
    EXPECT_EQ(f64_dot({payload, 1.0}, {1.0, 1.0}, 0.0), canonical_nan_f64);
    EXPECT_EQ(f64_dot({0.0}, {-payload}, 0.0), canonical_nan_f64);
    EXPECT_EQ(f64_dot({1.0}, {1.0}, payload), canonical_nan_f64);
}

/// The number that `bits` stand for, by the definition of two's complement.
WideInteger number(ElementType type, ElementBits bits) {
    const auto width = static_cast<int>(bits_of(type));
    WideInteger value = 0;
    for (int i = 0; i < width; ++i) value += static_cast<WideInteger>(bits >> i & 1U) << i;
    const bool is_signed = type == s8 || type == s4 || type == s32;
    return is_signed && (bits >> (width - 1) & 1U) != 0 ? value - (WideInteger{1} << width) : value;
}

Arithmetic any_integer_arithmetic() {
    const bool bytes = *rc::gen::arbitrary<bool>();
    const auto type = [bytes] { return bytes ? *rc::gen::element(s8, u8) : *rc::gen::element(s4, u4); };
    const Overflow overflow = *rc::gen::element(Overflow::wrap, Overflow::saturate);
    return {type(), type(), s32, overflow, BitOperation::none};
}

RC_GTEST_PROP(DotAddInteger, EqualsAWideSumWrappedOrClamped, ()) {
    const Arithmetic arithmetic = any_integer_arithmetic();
    const auto length = *rc::gen::inRange<std::size_t>(0, 130);
    const BitMatrix a = matrix_of(1, length, arithmetic.a, any_bits(arithmetic.a));
    const BitMatrix b = matrix_of(1, length, arithmetic.b, any_bits(arithmetic.b));
    const ElementBits addend = *rc::gen::oneOf(any_bits(s32), rc::gen::inRange<ElementBits>(0x7FFF0000, 0x80010000));
    WideInteger sum = number(s32, addend);
    for (std::size_t i = 0; i < length; ++i) {
        sum += number(arithmetic.a, a.storage[i]) * number(arithmetic.b, b.storage[i]);
    }
    constexpr WideInteger highest = 0x7FFFFFFF;
    if (arithmetic.overflow == Overflow::saturate) {
        sum = sum > highest ? highest : sum < -highest - 1 ? -highest - 1 : sum;
    }
    RC_ASSERT(dot_add(arithmetic, a.storage, b.storage, addend) == static_cast<std::uint32_t>(sum));
}

TEST(DotAddInteger, ReadsEachSignAsItsTypeSays) {
    EXPECT_EQ(dot_add({s8, s8, s32}, Bits{0x80}, Bits{0x80}, 0), 16384U);
    EXPECT_EQ(dot_add({s8, u8, s32}, Bits{0x80}, Bits{0x80}, 0), static_cast<std::uint32_t>(-16384));
    EXPECT_EQ(dot_add({u8, s8, s32}, Bits{0xFF}, Bits{0xFF}, 0), static_cast<std::uint32_t>(-255));
    EXPECT_EQ(dot_add({u8, u8, s32}, Bits{0xFF}, Bits{0xFF}, 0), 65025U);
    EXPECT_EQ(dot_add({s4, u4, s32}, Bits{0x8}, Bits{0xF}, 0), static_cast<std::uint32_t>(-120));
    EXPECT_EQ(dot_add({s4, s4, s32}, Bits{0xF8}, Bits{0xF8}, 0), 64U);  // above the low four bits: ignored
}

TEST(DotAddInteger, WrapsOrSaturatesAtBothEnds) {
    const Bits one{1};
    const Bits minus_one{0xFF};
    EXPECT_EQ(dot_add({s8, s8, s32}, one, one, 0x7FFFFFFF), 0x80000000U);
    EXPECT_EQ(dot_add({s8, s8, s32}, one, minus_one, 0x80000000), 0x7FFFFFFFU);
    EXPECT_EQ(dot_add({s8, s8, s32, Overflow::saturate}, one, one, 0x7FFFFFFF), 0x7FFFFFFFU);
    EXPECT_EQ(dot_add({s8, s8, s32, Overflow::saturate}, one, minus_one, 0x80000000), 0x80000000U);
    // Only the sum of all products is clamped: beyond the end and back is exact.
    EXPECT_EQ(dot_add({s8, s8, s32, Overflow::saturate}, Bits{1, 0xFF}, Bits{1, 1}, 0x7FFFFFFF), 0x7FFFFFFFU);
    EXPECT_EQ(dot_add({s8, s8, s32, Overflow::saturate}, Bits{5, 0xFD}, Bits{1, 1}, 0x7FFFFFFE), 0x7FFFFFFFU);
    EXPECT_EQ(dot_add({s8, s8, s32, Overflow::saturate}, Bits{5, 0xFA}, Bits{1, 1}, 0x7FFFFFFE), 0x7FFFFFFDU);
}

RC_GTEST_PROP(DotAddBits, CountsBitsOneByOne, ()) {
    const BitOperation operation = *rc::gen::element(BitOperation::xor_popc, BitOperation::and_popc);
    const auto length = *rc::gen::inRange<std::size_t>(0, 300);
    const BitMatrix a = matrix_of(1, length, b1, any_bits(b1));
    const BitMatrix b = matrix_of(1, length, b1, any_bits(b1));
    const ElementBits addend = *any_bits(s32);
    auto expected = static_cast<std::uint32_t>(addend);
    for (std::size_t i = 0; i < length; ++i) {
        const bool left = a.storage[i] == 1;
        const bool right = b.storage[i] == 1;
        if (operation == BitOperation::xor_popc ? left != right : left && right) ++expected;
    }
    RC_ASSERT(dot_add({b1, b1, s32, Overflow::wrap, operation}, a.storage, b.storage, addend) == expected);
}

TEST(DotAddBits, WrapsAround) {
    EXPECT_EQ(dot_add({b1, b1, s32, Overflow::wrap, BitOperation::and_popc}, Bits{1, 1}, Bits{1, 1}, 0x7FFFFFFF),
              0x80000001U);
}

RC_GTEST_PROP(DotAddFloat, IsTheFusedDotProduct, ()) {
    const ElementType input = *rc::gen::element(f16, bf16, tf32);
    const ElementType accumulator = input == f16 ? *rc::gen::element(f16, f32) : f32;
    const BitMatrix a = matrix_of(1, 4, input, float_bits(input));
    const BitMatrix b = matrix_of(1, 4, input, float_bits(input));
    const ElementBits addend = *float_bits(accumulator);
    RC_ASSERT(dot_add({input, input, accumulator}, a.storage, b.storage, addend) ==
              fused_dot_add(input, accumulator, a.storage, b.storage, addend));
}

TEST(TensorCoreArithmetic, IsWhatSm80Has) {
    using enum Overflow;
    using enum BitOperation;
    EXPECT_TRUE(is_tensor_core_arithmetic({f16, f16, f16}));
    EXPECT_TRUE(is_tensor_core_arithmetic({u4, s4, s32, saturate}));
    EXPECT_TRUE(is_tensor_core_arithmetic({b1, b1, s32, wrap, xor_popc}));
    EXPECT_FALSE(is_tensor_core_arithmetic({f16, bf16, f32}));
    EXPECT_FALSE(is_tensor_core_arithmetic({bf16, bf16, bf16}));
    EXPECT_FALSE(is_tensor_core_arithmetic({tf32, tf32, f16}));
    EXPECT_FALSE(is_tensor_core_arithmetic({f32, f32, f32}));
    EXPECT_FALSE(is_tensor_core_arithmetic({f64, f64, f32}));
    EXPECT_FALSE(is_tensor_core_arithmetic({f16, f16, f32, saturate}));
    EXPECT_FALSE(is_tensor_core_arithmetic({f16, f16, f32, wrap, and_popc}));
    EXPECT_FALSE(is_tensor_core_arithmetic({s8, s4, s32}));
    EXPECT_FALSE(is_tensor_core_arithmetic({s8, s8, f32}));
    EXPECT_FALSE(is_tensor_core_arithmetic({s8, s8, s32, wrap, and_popc}));
    EXPECT_FALSE(is_tensor_core_arithmetic({b1, b1, s32}));
    EXPECT_FALSE(is_tensor_core_arithmetic({b1, b1, s32, saturate, and_popc}));
    EXPECT_THROW((void)dot_add({s8, s4, s32}, Bits{1}, Bits{1}, 0), InvariantError);
    EXPECT_THROW((void)dot_add({s8, s8, s32}, Bits{1}, Bits{1, 2}, 0), InvariantError);
}

}  // namespace
}  // namespace stcsim::testing
