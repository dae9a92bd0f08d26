#include "base/strong_integer.h"

#include <concepts>
#include <unordered_set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/units.h"

namespace stcsim {
namespace {

template <typename A, typename B>
concept CanAdd = requires(A a, B b) {
    a + b;
};
template <typename A, typename B>
concept CanCompare = requires(A a, B b) {
    a < b;
};

static_assert(CanAdd<Cycle, Cycle>);
static_assert(!CanAdd<Cycle, Bytes>, "cycles and bytes do not add up");
static_assert(!CanAdd<Cycle, std::uint64_t>, "a bare integer has no unit");
static_assert(!CanCompare<Cycle, Bytes>);
static_assert(!std::convertible_to<std::uint64_t, Cycle>, "a unit is given explicitly");
static_assert(!std::convertible_to<Cycle, std::uint64_t>, "and taken away explicitly");
static_assert(sizeof(Cycle) == sizeof(std::uint64_t), "it costs nothing");

RC_GTEST_PROP(StrongInteger, CalculatesAsItsRepresentation, (std::uint64_t a, std::uint64_t b)) {
    RC_ASSERT((Cycle(a) + Cycle(b)).value() == a + b);
    RC_ASSERT((Cycle(a) - Cycle(b)).value() == a - b);
    RC_ASSERT((Cycle(a) * b).value() == a * b);
    RC_ASSERT(b * Cycle(a) == Cycle(a) * b);
    RC_ASSERT((Cycle(a) < Cycle(b)) == (a < b));
    RC_ASSERT((Cycle(a) == Cycle(b)) == (a == b));
}

TEST(StrongInteger, CountsUpInPlace) {
    Cycle cycle(41);
    EXPECT_EQ(++cycle, Cycle(42));
    EXPECT_EQ(cycle += Cycle(8), Cycle(50));
    EXPECT_EQ(cycle -= Cycle(1), Cycle(49));
}

TEST(StrongInteger, IsZeroByDefaultAndCanBeAKey) {
    EXPECT_EQ(Cycle(), Cycle(0));
    const std::unordered_set<Cycle> cycles{Cycle(1), Cycle(2), Cycle(1)};
    EXPECT_EQ(cycles.size(), 2U);
}

TEST(Units, HaveLiterals) {
    using namespace literals;
    EXPECT_EQ(12_cycles, Cycle(12));
    EXPECT_EQ(128_bytes, Bytes(128));
    EXPECT_GT(never, 1000000000000_cycles);
}

RC_GTEST_PROP(Units, RoundingUpIsTheSmallestMultipleNotBelow, ()) {
    const auto value = *rc::gen::inRange<std::uint32_t>(0, 1000000);
    const auto unit = *rc::gen::inRange<std::uint32_t>(1, 5000);
    const std::uint32_t rounded = round_up(value, unit);
    RC_ASSERT(rounded % unit == 0U);
    RC_ASSERT(rounded >= value);
    RC_ASSERT(rounded - value < unit);
    RC_ASSERT(ceil_divide(value, unit) * unit == rounded);
}

}  // namespace
}  // namespace stcsim
