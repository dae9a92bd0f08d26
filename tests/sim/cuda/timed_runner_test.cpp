/// Timed launches fill in what reports say of time.

#include "cuda/timed_runner.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "a100.h"
#include "kernel_fixture.h"

namespace stcsim {
namespace {

constexpr const char* increment = R"(
mul.wide.u32 %d3, %r1, 4;
add.s64 %d4, %d1, %d3; add.s64 %d5, %d2, %d3;
ld.global.u32 %r4, [%d4];
add.s32 %r5, %r4, 1;
st.global.u32 [%d5], %r5;
)";

class TimedRunner : public ::testing::Test {
  protected:
    TestKernel kernel_{increment};
    FindingSink findings_{FindingMode::strict};
    LaunchReport report_;

    void run(std::uint64_t most_cycles) {
        GpuParameters gpu = testing::a100();
        gpu.sm_count = 4;
        kernel_.block = {64, 1, 1};
        const std::uint64_t memory = kernel_.memory.allocate(512, "both");
        const KernelLaunch launch = kernel_.launch(memory, memory + 256, 0);
        run_prepared(gpu, most_cycles, increment, launch);
    }

    /// The kernel of this body, prepared with a module of its own, in another's launch.
    void run_prepared(const GpuParameters& gpu, std::uint64_t most_cycles, std::string_view body, KernelLaunch launch) {
        PtxModule module = parse_ptx(kernel_text(body), "test.ptx");
        LaunchSettings settings;
        settings.max_cycles = most_cycles;
        const KernelPreparation prepare = timed_preparation(gpu, settings, [](const PtxKernel&) { return 32U; });
        const std::unique_ptr<ReadyKernel> ready = prepare(module, *module.kernels.front());
        launch.kernel = &ready->decoded();
        ready->run(launch, findings_, report_);
    }
};

TEST_F(TimedRunner, AccountsForEveryCycleOfEveryTensorCore) {
    run(1'000'000);
    ASSERT_TRUE(report_.timed);
    const std::uint64_t accounted =
        std::accumulate(report_.timed->account.begin(), report_.timed->account.end(), std::uint64_t{0},
                        [](std::uint64_t sum, const NamedCount& state) { return sum + state.count; });
    EXPECT_EQ(accounted, report_.timed->cycles.value() * 4 * 4);
    EXPECT_GT(report_.timed->time_us, 0);
}

TEST_F(TimedRunner, NamesTheInstructionThatWaitsLongestAndForWhat) {
    run(1'000'000);
    ASSERT_TRUE(report_.timed && report_.timed->hottest_stall);
    EXPECT_EQ(report_.timed->hottest_stall->place.instruction, "add.s32");
    EXPECT_EQ(report_.timed->hottest_stall->cause, "global result");
}

TEST_F(TimedRunner, CountsInstructionsByOpcodeAndBytesByLevel) {
    run(1'000'000);
    std::uint64_t counted = 0;
    for (const NamedCount& opcode : report_.instruction_mix) counted += opcode.count;
    EXPECT_EQ(counted, report_.warp_instructions);
    for (const char* const level : {"l1 missed", "sm read"}) {
        EXPECT_EQ(std::ranges::count(report_.timed->bytes, NamedCount{level, 256}), 1) << level;
    }
}

TEST_F(TimedRunner, EndsALaunchThatTakesTooLong) {
    EXPECT_NO_THROW(run(1'000'000));
    EXPECT_THROW(run_prepared(testing::a100(), 30'000, "again:\nbra again;\n", kernel_.launch(0, 0, 0)), KernelFault);
}

}  // namespace
}  // namespace stcsim
