#include "memory/global_values.h"

#include <array>

#include <gtest/gtest.h>

#include "base/error.h"

namespace stcsim {
namespace {

TEST(GlobalValues, GiveBackWhatWasWritten) {
    GlobalValues memory;
    memory.allocate(256, std::vector<std::byte>(64));
    memory.allocate(1024, std::vector<std::byte>(64));
    const std::array data{std::byte{1}, std::byte{2}, std::byte{3}};
    memory.write(256 + 61, data);
    std::array<std::byte, 3> read{};
    memory.read(256 + 61, read);
    EXPECT_EQ(read, data);
    EXPECT_EQ(memory.allocation(256)[61], std::byte{1});
    EXPECT_EQ(memory.allocation(1024)[61], std::byte{0});
}

TEST(GlobalValues, AccessesThatLeaveAnAllocationBreakAnInvariant) {
    GlobalValues memory;
    memory.allocate(256, std::vector<std::byte>(64));
    memory.allocate(320, std::vector<std::byte>(64));
    std::array<std::byte, 4> four{};
    EXPECT_NO_THROW(memory.read(256 + 60, four));
    EXPECT_THROW(memory.read(256 + 61, four), InvariantError) << "not even into the next one";
    EXPECT_THROW(memory.read(252, four), InvariantError);
    EXPECT_THROW(memory.write(384, four), InvariantError);
    EXPECT_THROW(static_cast<void>(memory.allocation(257)), InvariantError);
}

TEST(GlobalValues, AllocationsMustNotOverlap) {
    GlobalValues memory;
    memory.allocate(256, std::vector<std::byte>(64));
    EXPECT_THROW(memory.allocate(319, std::vector<std::byte>(8)), InvariantError);
    EXPECT_THROW(memory.allocate(250, std::vector<std::byte>(8)), InvariantError);
    EXPECT_NO_THROW(memory.allocate(320, std::vector<std::byte>(8)));
    EXPECT_NO_THROW(memory.allocate(248, std::vector<std::byte>(8)));
}

}  // namespace
}  // namespace stcsim
