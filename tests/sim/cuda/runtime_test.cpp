#include <array>
#include <cstring>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cuda/cuda_runtime.h"
#include "made_up_executor.h"

namespace stcsim {
namespace {

using namespace literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

/// A program with one module, the kernel `copy` (two pointers and a byte) and the variable `table`.
class Runtime : public testing::Test {
  protected:
    Runtime()
        : runtime_({"program", load_gpu_description("a100-sxm4-40gb"), std::make_unique<MadeUpExecutor>(machine_),
                    [](const void* wrapper) { return std::vector<std::string>{static_cast<const char*>(wrapper)}; },
                    [this](const LaunchReport& report) { reports_.push_back(report); },
                    [this](std::uint64_t launch, const FindingReport&) { late_findings_.push_back(launch); }}),
          module_(runtime_.program().add_module("the ptx")) {
        KernelFacts facts;
        facts.parameters = {{0, 8, "to"}, {8, 8, "from"}, {16, 1, "flag"}};
        facts.parameter_bytes = 17;
        facts.static_shared = 1024_bytes;
        facts.registers = 32;
        machine_.kernels["copy"] = facts;
        machine_.variables["table"] = {variable_.data(), Bytes(variable_.size())};
        runtime_.program().add_kernel(module_, &host_function_, "copy");
        runtime_.program().add_variable(module_, &host_variable_, "table", Bytes(variable_.size()));
    }

    CudaError launch(const LaunchShape& shape) {
        std::uint64_t from = 0x1122334455667788;
        std::uint64_t to = 42;
        std::uint8_t flag = 7;
        std::array<void*, 3> arguments{&from, &to, &flag};
        return runtime_.launch(&host_function_, shape, arguments.data());
    }

    MadeUpMachine machine_;
    std::vector<LaunchReport> reports_;
    std::vector<std::uint64_t> late_findings_;  ///< launches they are of
    CudaRuntime runtime_;
    RegisteredModule& module_;
    std::array<std::byte, 16> variable_{};
    char host_function_ = 0;
    char host_variable_ = 0;
};

TEST_F(Runtime, LaunchesAKernelWithItsArgumentsWhereThePtxHasThem) {
    EXPECT_EQ(launch({{4, 2, 1}, {128, 1, 1}, 512}), cuda_success);
    ASSERT_EQ(machine_.launches.size(), 1);
    const LaunchRequest& request = machine_.launches.front();
    EXPECT_EQ(request.kernel, "copy");
    EXPECT_THAT(request.grid, ElementsAre(4, 2, 1));
    EXPECT_THAT(request.block, ElementsAre(128, 1, 1));
    EXPECT_EQ(request.dynamic_shared, 512_bytes);
    ASSERT_EQ(request.arguments.size(), 17);
    EXPECT_EQ(request.arguments[0], std::byte{0x88});
    EXPECT_EQ(request.arguments[8], std::byte{42});
    EXPECT_EQ(request.arguments[16], std::byte{7});
    ASSERT_EQ(reports_.size(), 1);
}

TEST_F(Runtime, ReadsEmbeddedCodeOnceAndOnlyWhenSomethingOfItIsUsed) {
    EXPECT_TRUE(machine_.loaded.empty());
    launch({{1, 1, 1}, {32, 1, 1}, 0});
    launch({{1, 1, 1}, {32, 1, 1}, 0});
    EXPECT_THAT(machine_.loaded, ElementsAre("the ptx"));
}

TEST_F(Runtime, RefusesLaunchesThatTheDeviceWouldRefuse) {
    EXPECT_EQ(launch({{0, 1, 1}, {32, 1, 1}, 0}), cuda_invalid_configuration);
    EXPECT_EQ(launch({{1, 65536, 1}, {32, 1, 1}, 0}), cuda_invalid_configuration);
    EXPECT_EQ(launch({{1, 1, 1}, {1025, 1, 1}, 0}), cuda_invalid_configuration);
    EXPECT_EQ(launch({{1, 1, 1}, {32, 32, 2}, 0}), cuda_invalid_configuration);
    EXPECT_EQ(launch({{1, 1, 1}, {1, 1, 65}, 0}), cuda_invalid_configuration);
    machine_.kernels["copy"].registers = 128;
    EXPECT_EQ(launch({{1, 1, 1}, {1024, 1, 1}, 0}), cuda_launch_out_of_resources);
    machine_.kernels["copy"].max_threads = 64;
    EXPECT_EQ(launch({{1, 1, 1}, {65, 1, 1}, 0}), cuda_launch_out_of_resources);
    EXPECT_EQ(runtime_.launch(this, {}, nullptr), cuda_invalid_device_function);
    EXPECT_TRUE(machine_.launches.empty());
}

TEST_F(Runtime, TakesACooperativeLaunchIfAllItsCtasAreResidentTogether) {
    // 64 warps of an SM for 8 CTAs of 256 threads, on 108 SMs.
    EXPECT_EQ(launch({{8 * 108, 1, 1}, {256, 1, 1}, 0, true}), cuda_success);
    EXPECT_TRUE(machine_.launches.back().cooperative);
    EXPECT_EQ(launch({{8 * 108 + 1, 1, 1}, {256, 1, 1}, 0, true}), cuda_cooperative_launch_too_large);
    EXPECT_EQ(launch({{8 * 108 + 1, 1, 1}, {256, 1, 1}, 0, false}), cuda_success);
    EXPECT_FALSE(machine_.launches.back().cooperative);
}

TEST_F(Runtime, GivesMoreThan48KiBOfSharedMemoryOnRequestOnly) {
    const LaunchShape large{{1, 1, 1}, {128, 1, 1}, 100000};
    EXPECT_EQ(launch(large), cuda_invalid_value);
    EXPECT_EQ(runtime_.set_function_attribute(&host_function_, attribute_max_dynamic_shared, 166912),
              cuda_invalid_value);
    EXPECT_EQ(runtime_.set_function_attribute(&host_function_, attribute_max_dynamic_shared, 100000), cuda_success);
    EXPECT_EQ(launch(large), cuda_success);
}

TEST_F(Runtime, CountsActiveBlocksAsTheModelsResidencyDoes) {
    std::int32_t blocks = -1;
    EXPECT_EQ(runtime_.active_blocks(&host_function_, 256, 0, blocks), cuda_success);
    EXPECT_EQ(blocks, 8);
    EXPECT_EQ(runtime_.active_blocks(&host_function_, 256, 49152 - 1024, blocks), cuda_success);
    EXPECT_EQ(blocks, 3);  // 164 KiB / (48 + 1 KiB)
    EXPECT_EQ(runtime_.active_blocks(&host_function_, 2048, 0, blocks), cuda_success);
    EXPECT_EQ(blocks, 0);
    std::size_t bytes = 0;
    EXPECT_EQ(runtime_.available_shared(&host_function_, 2, 256, bytes), cuda_success);
    EXPECT_EQ(bytes, 49152 - 1024);
}

TEST_F(Runtime, CopiesOnlyWhereTheDirectionSaysTheDeviceIs) {
    std::array<char, 8> host{"1234567"};
    void* const device = runtime_.memory().allocate(8_bytes, memory_device);
    EXPECT_EQ(runtime_.copy(device, host.data(), 8, copy_host_to_device), cuda_success);
    EXPECT_EQ(std::memcmp(device, "1234567", 8), 0);
    EXPECT_EQ(runtime_.copy(device, host.data(), 9, copy_host_to_device), cuda_invalid_value);
    EXPECT_EQ(runtime_.copy(host.data(), host.data(), 8, copy_host_to_device), cuda_invalid_value);
    EXPECT_EQ(runtime_.copy(device, host.data(), 9, copy_default), cuda_invalid_value);
    EXPECT_EQ(runtime_.copy(device, host.data(), 8, static_cast<CopyKind>(7)), cuda_invalid_memcpy_direction);
    EXPECT_EQ(runtime_.fill(device, 1, 8), cuda_success);
    EXPECT_EQ(runtime_.fill(host.data(), 1, 8), cuda_invalid_value);
}

TEST_F(Runtime, TellsTheExecutorWhatTheHostReadsAndWrites) {
    std::array<std::byte, 8> host{};
    std::byte* const first = runtime_.memory().allocate(64_bytes, memory_device);
    std::byte* const second = runtime_.memory().allocate(64_bytes, memory_device);
    runtime_.copy(first, host.data(), 8, copy_host_to_device);
    runtime_.fill(first + 8, 0, 4);
    EXPECT_THAT(machine_.written, ElementsAre(std::pair(first, 8_bytes), std::pair(first + 8, 4_bytes)));
    runtime_.copy(second, first, 8, copy_device_to_device);
    EXPECT_THAT(machine_.copied, ElementsAre(std::pair(second, first)));
    runtime_.copy(host.data(), second + 4, 8, copy_device_to_host);
    runtime_.copy_rows(host.data(), first, {2, 2, 4, 16}, copy_device_to_host);
    EXPECT_THAT(machine_.read,
                ElementsAre(std::pair(second + 4, 8_bytes), std::pair(first, 2_bytes), std::pair(first + 16, 2_bytes)));
    EXPECT_THAT(machine_.written, SizeIs(2));
}

TEST_F(Runtime, ReadsWhatHostAndDeviceShareWheneverTheHostHasWaited) {
    runtime_.memory().allocate(64_bytes, memory_device);
    std::byte* const managed = runtime_.memory().allocate(32_bytes, memory_managed);
    runtime_.synchronise();
    EXPECT_THAT(machine_.read, ElementsAre(std::pair(managed, 32_bytes)));
}

TEST_F(Runtime, ReportsFindingsOfWhatTheHostReadsAndEndsTheProgramIfItMust) {
    std::array<std::byte, 8> host{};
    std::byte* const device = runtime_.memory().allocate(64_bytes, memory_device);
    machine_.reading.findings = {{3, {}}, {5, {}}};
    EXPECT_EQ(runtime_.copy(host.data(), device, 8, copy_device_to_host), cuda_success);
    EXPECT_THAT(late_findings_, ElementsAre(3, 5));
    machine_.reading.failure = "kernel copy: it is wrong";
    EXPECT_THROW(runtime_.copy(host.data(), device, 8, copy_device_to_host), ProgramFailure);
    EXPECT_THAT(late_findings_, ElementsAre(3, 5, 3, 5));
}

TEST_F(Runtime, CopiesRowsOfDifferentPitches) {
    auto* const device = runtime_.memory().allocate(64_bytes, memory_device);
    const std::array<char, 6> host{'a', 'b', 'c', 'd', 'e', 'f'};
    EXPECT_EQ(runtime_.copy_rows(device, host.data(), {2, 3, 16, 2}, copy_host_to_device), cuda_success);
    EXPECT_EQ(std::memcmp(device + 32, "ef", 2), 0);
    EXPECT_EQ(device[2], std::byte{0});
    EXPECT_EQ(runtime_.copy_rows(device, host.data(), {2, 5, 16, 2}, copy_host_to_device), cuda_invalid_value);
    EXPECT_EQ(runtime_.copy_rows(device, host.data(), {2, 3, 1, 2}, copy_host_to_device), cuda_invalid_pitch_value);
}

TEST_F(Runtime, FindsVariablesByTheirHostNamesAndCopiesToThem) {
    DeviceVariable variable;
    EXPECT_EQ(runtime_.symbol(&host_variable_, variable), cuda_success);
    EXPECT_EQ(variable.address, variable_.data());
    EXPECT_EQ(runtime_.copy(variable.address, "abc", 4, copy_host_to_device), cuda_success);
    EXPECT_EQ(runtime_.symbol(this, variable), cuda_invalid_symbol);
}

TEST_F(Runtime, EndsTheProgramAfterReportingALaunchThatFailed) {
    machine_.run = [](const LaunchRequest&) {
        LaunchOutcome outcome;
        outcome.failure = "a finding";
        return outcome;
    };
    EXPECT_THROW(launch({{1, 1, 1}, {32, 1, 1}, 0}), ProgramFailure);
    EXPECT_EQ(reports_.size(), 1);
}

TEST_F(Runtime, TellsEventsTheSimulatedTimeOfTheLaunchesBetweenThem) {
    machine_.run = [](const LaunchRequest&) {
        LaunchOutcome outcome;
        outcome.report.timed = TimedLaunch{};
        outcome.report.timed->time_us = 1000;
        return outcome;
    };
    StreamTimes& times = runtime_.times();
    void* const start = times.create_event(true);
    void* const end = times.create_event(true);
    void* const untimed = times.create_event(false);
    float milliseconds = 0;
    EXPECT_EQ(times.elapsed(milliseconds, start, end), cuda_invalid_resource_handle);
    times.record(start);
    launch({{1, 1, 1}, {32, 1, 1}, 0});
    launch({{1, 1, 1}, {32, 1, 1}, 0});
    times.record(end);
    times.record(untimed);
    EXPECT_EQ(times.elapsed(milliseconds, start, end), cuda_success);
    EXPECT_NEAR(milliseconds, 2.0048, 1e-6);  // two launches, and what the host adds to each
    EXPECT_EQ(times.elapsed(milliseconds, start, untimed), cuda_invalid_resource_handle);
}

TEST_F(Runtime, ForgetsTheKernelsOfAModuleThatIsUnloaded) {
    RegisteredKernel* const handle = runtime_.program().kernel(&host_function_);
    EXPECT_EQ(runtime_.program().kernel(handle), handle);
    runtime_.program().remove_module(module_);
    EXPECT_EQ(runtime_.program().kernel(&host_function_), nullptr);
    EXPECT_EQ(runtime_.program().kernel(handle), nullptr);
}

}  // namespace
}  // namespace stcsim
