/// Each pattern of lanes has one place, whatever the base.

#include "ptx_timing/lane_patterns.h"

#include <gtest/gtest.h>

#include "ptx_timing/device_addresses.h"

namespace stcsim {
namespace {

LaneOffsets strided(std::uint64_t base, std::uint64_t stride) {
    LaneOffsets addresses{};
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) addresses[lane] = base + lane * stride;
    return addresses;
}

TEST(LanePatterns, GiveBackTheAddresses) {
    LanePatterns patterns;
    const LaneOffsets addresses = strided(0x7000, 24);
    const LaneAccess access = patterns.access(addresses, 0xFFFF0001, 8);
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        if (access.is_active(lane)) {
            EXPECT_EQ(access.address(lane), addresses[lane]);
        }
    }
    EXPECT_EQ(access.bytes_per_lane, 8U);
}

TEST(LanePatterns, KeepOnePlaceForAPatternAtAnyBase) {
    LanePatterns patterns;
    const LaneAccess one = patterns.access(strided(0x1000, 4), 0xFFFFFFFF, 4);
    const LaneAccess other = patterns.access(strided(0x9000, 4), 0xFFFFFFFF, 4);
    const LaneAccess different = patterns.access(strided(0x1000, 8), 0xFFFFFFFF, 4);
    EXPECT_EQ(one.offsets, other.offsets);
    EXPECT_NE(one.offsets, different.offsets);
}

TEST(LanePatterns, ComeBackRightBelowTheFirstLanesAddress) {
    LanePatterns patterns;
    LaneOffsets addresses = strided(0x8000, 0);
    addresses[7] = 0x10;
    EXPECT_EQ(patterns.access(addresses, 0xFFFFFFFF, 4).address(7), 0x10U);
}

TEST(DeviceAddresses, DoNotDependOnWhereTheHostsMemoryIs) {
    AllocationTable table;
    const std::uint64_t first = table.allocate(1000, "first");
    const std::uint64_t second = table.allocate(1000, "second");
    DeviceAddresses one(table);
    const std::uint64_t a = one.of(first + 8);
    const std::uint64_t b = one.of(second + 16);
    DeviceAddresses other(table);
    // Touched in the other order, they change places.
    EXPECT_EQ(other.of(second + 16) - 16, a - 8);
    EXPECT_EQ(other.of(first + 8) - 8, b - 16);
    EXPECT_EQ(one.of(first), a - 8);
    EXPECT_GE(b, a + 1000);
}

TEST(DeviceAddresses, StayBelowWhatTheCachesCanCount) {
    AllocationTable table;
    DeviceAddresses addresses(table);
    constexpr std::uint64_t end = std::uint64_t{1} << 39;  // 2^32 lines of 128 bytes
    EXPECT_LT(addresses.of(0x7fff12345678), end);
    EXPECT_LT(addresses.of(~std::uint64_t{0}), end);
    EXPECT_LT(DeviceAddresses::of_local(~std::uint32_t{0}, 1 << 19, 1 << 18, 31), end);
}

TEST(DeviceAddresses, PutTheLocalWordsOfAWarpsLanesSideBySide) {
    const std::uint64_t word = DeviceAddresses::of_local(3, 64, 8, 0);
    EXPECT_EQ(DeviceAddresses::of_local(3, 64, 8, 5), word + 20);
    EXPECT_EQ(DeviceAddresses::of_local(3, 64, 12, 0), word + 128);
    EXPECT_EQ(DeviceAddresses::of_local(4, 64, 8, 0), word + 64 * 32);
}

}  // namespace
}  // namespace stcsim
