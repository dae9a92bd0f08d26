/// From cycles to seconds, joules and what bounds a run.
#include <numeric>
#include <string>

#include <gtest/gtest.h>

#include "run/bounds.h"
#include "small_runs.h"

namespace stcsim::testing {
namespace {

SimulationResult simulate_with(const std::string& override, const Options& options = {.method = Method::sampled}) {
    GpuDescription gpu = small_a100();
    apply_override(gpu, override);
    return simulate_gemm(gpu, gemm(1024, 1024, 1024), options);
}

TEST(ChipTime, IsTheLaunchAndTheCyclesAtTheClock) {
    const SimulationResult result = simulate_with("launch.latency_seconds=1e-5");
    EXPECT_DOUBLE_EQ(result.launch_us, 10);
    EXPECT_DOUBLE_EQ(result.time_us, 10 + static_cast<double>(result.cycles.value()) / result.clock_hz * 1e6);
}

TEST(ChipTime, StaysWithinTheBoardsLimitAtALowerClock) {
    const SimulationResult free = simulate_with("power.board_limit_watts=400");
    ASSERT_EQ(free.clock_hz, 1.41e9);
    const double limit = free.average_power_w - 5;
    const SimulationResult limited = simulate_with("power.board_limit_watts=" + std::to_string(limit));
    EXPECT_LT(limited.clock_hz, free.clock_hz);
    EXPECT_LE(limited.average_power_w, limit);
    EXPECT_GT(limited.time_us, free.time_us);
}

TEST(ChipTime, IsThatOfALockedClockWhateverTheLimit) {
    const SimulationResult result =
        simulate_with("power.board_limit_watts=1", {.method = Method::sampled, .clock_hz = 1.2e9});
    EXPECT_EQ(result.clock_hz, 1.2e9);
}

TEST(ChipTime, EnergyIsPowerTimesTime) {
    const SimulationResult result = simulate(gemm(512, 512, 512));
    EXPECT_NEAR(result.energy_mj, result.average_power_w * result.time_us / 1e3, 1e-9);
}

/// 300 cycles of work and 700 of something else, at the boost clock, without a launch.
TimedCycles cycles_of(TensorCoreState state) {
    TimedCycles cycles{.account = {},
                       .read_time = {},
                       .kernel_seconds = 1e-5,
                       .launch_seconds = 0,
                       .launch_gap_share = 0,
                       .clock_ratio = 1};
    cycles.account[TensorCoreState::busy] = Cycle(300);
    cycles.account[state] += Cycle(700);
    return cycles;
}

std::string bound_of(const TimedCycles& cycles) {
    SimulationResult result;
    result.account = cycles.account;
    result.time_us = (cycles.kernel_seconds + cycles.launch_seconds) * 1e6;
    result.launch_us = cycles.launch_seconds * 1e6;
    result.time_account = account_of_time(cycles);
    return name_bound(result);
}

double sum_of(const TimeAccount& account) {
    return std::accumulate(account.shares.begin(), account.shares.end(), 0.0);
}

TEST(TimeAccount, SumsToOneAtEveryScope) {
    for (const Scope scope : all_scopes) {
        for (const Sparsity sparsity : both_sparsities) {
            const SimulationResult result = simulate(gemm(512, 512, 1024, sparsity), {.scope = scope});
            EXPECT_NEAR(sum_of(result.time_account), 1, 1e-12);
            for (const double share : result.time_account.shares) EXPECT_GE(share, 0);
            EXPECT_EQ(result.time_account[TimeCause::launch] > 0, scope == Scope::chip);
        }
    }
}

TEST(TimeAccount, HasTheShareOfTheLaunch) {
    const SimulationResult result = simulate_with("launch.latency_seconds=1e-5");
    EXPECT_NEAR(result.time_account[TimeCause::launch], 10 / result.time_us, 1e-12);
}

TEST(TimeAccount, CountsTheGapBetweenTwoLaunchesAsLaunch) {
    const SimulationResult result = simulate(gemm(64, 64, 4096), {.kernel = "64x64_s3_k4"});
    const double gap = static_cast<double>(small_a100().parameters.cta_scheduler.launch_gap.value());
    EXPECT_NEAR(result.time_account[TimeCause::launch],
                (result.launch_us + gap / result.clock_hz * 1e6) / result.time_us, 1e-9);
}

TEST(TimeAccount, APowerLimitTakesWhatTheRunWouldBeShorterAtTheBoostClock) {
    TimedCycles cycles = cycles_of(TensorCoreState::shared_memory);
    cycles.clock_ratio = 0.8;
    const TimeAccount time = account_of_time(cycles);
    EXPECT_NEAR(time[TimeCause::power], 0.2, 1e-12);
    EXPECT_NEAR(time[TimeCause::busy], 0.8 * 0.3, 1e-12);
    EXPECT_NEAR(time[TimeCause::shared_memory], 0.8 * 0.7, 1e-12);
}

TEST(TimeAccount, APowerLimitDoesNotSlowTheMemory) {
    TimedCycles cycles = cycles_of(TensorCoreState::global_data);
    cycles.read_time.memory_queue = 1;
    cycles.clock_ratio = 0.8;
    const TimeAccount time = account_of_time(cycles);
    EXPECT_NEAR(time[TimeCause::dram_bandwidth], 0.7, 1e-12);
    EXPECT_NEAR(time[TimeCause::power], 0.2 * 0.3, 1e-12);
}

TEST(TimeAccount, BlamesWaitingForDataOnWhatReadsWaitFor) {
    // 8 MB read once, by CTAs that hardly compute: the memory. The same from the L2, which is warm: not the memory.
    GpuDescription gpu = small_a100();
    apply_override(gpu, "memory.hbm.bytes_per_second=4e10");
    const GemmProblem problem = gemm(64, 64 * 64, 1024);
    const SimulationResult cold = simulate_gemm(gpu, problem, Options{.kernel = "64x64_s4"});
    const SimulationResult warm =
        simulate_gemm(gpu, problem, Options{.kernel = "64x64_s4", .method = Method::sampled, .warm_l2 = true});
    EXPECT_GT(cold.time_account[TimeCause::dram_bandwidth], 0.5);
    EXPECT_EQ(cold.bound_by, "DRAM bandwidth");
    EXPECT_LT(warm.time_account[TimeCause::dram_bandwidth], 0.01);
}

TEST(Roofline, IsTheLowestOfPeakAndBandwidthsTimesIntensity) {
    const GpuParameters gpu = small_a100().parameters;
    const Roofline compute = roofline_of(gpu, 1e12, 1, 1, 5, 10);
    EXPECT_EQ(compute.roof, "tensor core");
    EXPECT_EQ(compute.attainable_tflops, 10);
    EXPECT_EQ(compute.share_of_attainable, 0.5);
    const Roofline memory = roofline_of(gpu, 1e12, 1, 1e12, 5, 1e6);
    EXPECT_EQ(memory.roof, "DRAM bandwidth");
    EXPECT_DOUBLE_EQ(memory.attainable_tflops, gpu.memory.hbm.bytes_per_second / 1e12);
    const Roofline l2 = roofline_of(gpu, 1e12, 1e12, 0, 5, 1e6);
    EXPECT_EQ(l2.roof, "L2 bandwidth");
}

TEST(Bounds, NameTheLargestCause) {
    EXPECT_EQ(bound_of(cycles_of(TensorCoreState::shared_memory)), "shared memory");
    EXPECT_EQ(bound_of(cycles_of(TensorCoreState::operands)), "operand fetch");
    EXPECT_EQ(bound_of(cycles_of(TensorCoreState::busy)), "tensor core");
}

TEST(Bounds, ABusyTensorCoreAtALoweredClockIsBoundByPower) {
    TimedCycles cycles = cycles_of(TensorCoreState::busy);
    cycles.clock_ratio = 0.8;
    EXPECT_EQ(bound_of(cycles), "power");
}

TEST(Bounds, ALaunchThatTakesLongerThanTheKernelIsWhatBounds) {
    TimedCycles cycles = cycles_of(TensorCoreState::busy);
    cycles.launch_seconds = 1.2e-5;
    EXPECT_EQ(bound_of(cycles), "launch");
}

TEST(Bounds, WaitingForDataIsToldApartByWhatReadsWaitFor) {
    TimedCycles cycles = cycles_of(TensorCoreState::global_data);
    EXPECT_EQ(bound_of(cycles), "memory latency");
    cycles.read_time = {.latency = 1, .l2_queues = 3, .memory_queue = 2};
    EXPECT_EQ(bound_of(cycles), "L2 bandwidth");
    cycles.read_time.memory_queue = 4;
    EXPECT_EQ(bound_of(cycles), "DRAM bandwidth");
}

}  // namespace
}  // namespace stcsim::testing
