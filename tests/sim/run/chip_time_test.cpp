/// From cycles to seconds, joules and what bounds a run.
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

SimulationResult with_account(TensorCoreState state) {
    SimulationResult result;
    result.cycles = Cycle(1000);
    result.clock_hz = 1.41e9;
    result.time_us = 10;
    result.account[TensorCoreState::busy] = Cycle(300);
    result.account[state] += Cycle(700);
    return result;
}

TEST(Bounds, NameTheLargestCause) {
    const GpuParameters gpu = small_a100().parameters;
    EXPECT_EQ(name_bound(with_account(TensorCoreState::shared_memory), gpu), "shared memory");
    EXPECT_EQ(name_bound(with_account(TensorCoreState::operands), gpu), "operand fetch");
    EXPECT_EQ(name_bound(with_account(TensorCoreState::busy), gpu), "tensor core");
}

TEST(Bounds, ABusyTensorCoreAtALoweredClockIsBoundByPower) {
    SimulationResult result = with_account(TensorCoreState::busy);
    result.clock_hz = 1.1e9;
    EXPECT_EQ(name_bound(result, small_a100().parameters), "power");
}

TEST(Bounds, ALaunchThatTakesLongerThanTheKernelIsWhatBounds) {
    SimulationResult result = with_account(TensorCoreState::busy);
    result.launch_us = 6;
    EXPECT_EQ(name_bound(result, small_a100().parameters), "launch");
}

TEST(Bounds, WaitingForDataIsToldApartByTheBandwidthsUsed) {
    const GpuParameters gpu = small_a100().parameters;
    SimulationResult result = with_account(TensorCoreState::global_data);
    EXPECT_EQ(name_bound(result, gpu), "memory latency");
    result.l2_read_bytes = 0.9 * 1000 * gpu.memory.l2.slices * gpu.memory.l2.slice_bytes_per_cycle;
    EXPECT_EQ(name_bound(result, gpu), "L2 bandwidth");
    result.hbm_read_bytes = 0.8 * gpu.memory.hbm.bytes_per_second * 1000 / result.clock_hz;
    EXPECT_EQ(name_bound(result, gpu), "DRAM bandwidth");
}

}  // namespace
}  // namespace stcsim::testing
