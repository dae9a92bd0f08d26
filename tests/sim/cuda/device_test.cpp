#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cuda/device_memory.h"
#include "cuda/device_properties.h"
#include "cuda/error_names.h"
#include "made_up_executor.h"

namespace stcsim {
namespace {

using namespace literals;

class Memory : public testing::Test {
  protected:
    MadeUpMachine machine_;
    MadeUpExecutor executor_{machine_};
    DeviceMemory memory_{1000000_bytes, executor_};
};

TEST_F(Memory, IsAlignedZeroAndKnownToTheExecutorUntilItIsReleased) {
    std::byte* const block = memory_.allocate(1000_bytes, memory_device);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % 256, 0);
    EXPECT_TRUE(std::all_of(block, block + 1000, [](std::byte b) { return b == std::byte{0}; }));
    EXPECT_EQ(machine_.memory.at(block), 1000_bytes);
    EXPECT_TRUE(memory_.release(block, memory_device));
    EXPECT_TRUE(machine_.memory.empty());
    EXPECT_EQ(memory_.used(), 0_bytes);
    EXPECT_FALSE(memory_.release(block, memory_device));
}

TEST_F(Memory, OfTheDeviceEndsAtItsCapacity) {
    EXPECT_NE(memory_.allocate(900000_bytes, memory_device), nullptr);
    EXPECT_EQ(memory_.allocate(200000_bytes, memory_managed), nullptr);
    EXPECT_NE(memory_.allocate(200000_bytes, memory_host), nullptr);
    EXPECT_EQ(memory_.used(), 900000_bytes);
}

TEST_F(Memory, OfTheHostIsNotReleasedAsTheDevicesOrTheOtherWayRound) {
    std::byte* const host = memory_.allocate(16_bytes, memory_host);
    EXPECT_FALSE(memory_.release(host, memory_device));
    EXPECT_TRUE(memory_.release(host, memory_host));
}

TEST_F(Memory, BlocksHoldTheirOwnBytesAndNothingBeside) {
    std::byte* const block = memory_.allocate(100_bytes, memory_device);
    EXPECT_TRUE(memory_.holds(block, 100));
    EXPECT_TRUE(memory_.holds(block + 99, 1));
    EXPECT_FALSE(memory_.holds(block + 99, 2));
    EXPECT_FALSE(memory_.holds(block, 101));
    EXPECT_FALSE(memory_.holds(block - 1, 1));
    EXPECT_EQ(memory_.block_at(block + 100), nullptr);
}

TEST_F(Memory, AdoptsMemoryOnceAndForgetsIt) {
    std::array<std::byte, 64> own{};
    EXPECT_TRUE(memory_.adopt(own.data() + 16, 32_bytes, memory_host));
    EXPECT_FALSE(memory_.adopt(own.data(), 17_bytes, memory_host));
    EXPECT_FALSE(memory_.adopt(own.data() + 47, 1_bytes, memory_host));
    EXPECT_TRUE(memory_.adopt(own.data(), 16_bytes, memory_host));
    EXPECT_FALSE(memory_.release(own.data(), memory_host));
    EXPECT_TRUE(memory_.forget(own.data() + 16));
    EXPECT_FALSE(memory_.forget(own.data() + 16));
    EXPECT_EQ(machine_.memory.size(), 1);
}

TEST(DeviceProperties, AreThoseOfTheDescriptionInBothLayouts) {
    const GpuDescription gpu = load_gpu_description("a100-sxm4-40gb");
    const DeviceProperties12 old = device_properties_12(gpu);
    EXPECT_STREQ(old.name.data(), "stcsim a100-sxm4-40gb");
    EXPECT_EQ(old.major, 8);
    EXPECT_EQ(old.minor, 0);
    EXPECT_EQ(old.multiProcessorCount, 108);
    EXPECT_EQ(old.clockRate, 1410000);
    EXPECT_EQ(old.memoryClockRate, 1214843);  // 1555 GB/s x 8 / (2 x 5120 bits)
    EXPECT_EQ(old.sharedMemPerBlockOptin, 166912);
    EXPECT_EQ(old.sharedMemPerBlock, 49152);
    const DeviceProperties13 now = device_properties_13(old);
    EXPECT_EQ(now.name, old.name);
    EXPECT_EQ(now.multiProcessorCount, 108);
    EXPECT_EQ(now.maxThreadsPerMultiProcessor, 2048);
    EXPECT_EQ(now.totalGlobalMem, old.totalGlobalMem);
}

TEST(DeviceProperties, AgreeWithTheAttributes) {
    const DeviceProperties12 p = device_properties_12(load_gpu_description("rtx3090"));
    EXPECT_EQ(device_attribute(16, p), 82);
    EXPECT_EQ(device_attribute(75, p), 8);
    EXPECT_EQ(device_attribute(76, p), 6);
    EXPECT_EQ(device_attribute(97, p), 101376);
    EXPECT_EQ(device_attribute(4, p), 64);
    EXPECT_EQ(device_attribute(31, p), 0);
    EXPECT_EQ(device_attribute(0, p), std::nullopt);
    EXPECT_EQ(device_attribute(100000, p), std::nullopt);
}

TEST(ErrorNames, AreThoseThatProgramsKnow) {
    EXPECT_STREQ(cuda_error_name(0), "cudaSuccess");
    EXPECT_STREQ(cuda_error_name(700), "cudaErrorIllegalAddress");
    EXPECT_STREQ(cuda_error_name(-1), "unrecognized error code");
    EXPECT_STREQ(cuda_error_text(2), "out of memory");
    EXPECT_STREQ(cuda_error_text(999), "cudaErrorUnknown");
}

}  // namespace
}  // namespace stcsim
