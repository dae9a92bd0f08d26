/// Energy, and the clock that a limit leaves.
#include <gtest/gtest.h>

#include "gpu/gpu_description.h"
#include "gpu/power_model.h"

namespace stcsim {
namespace {

GpuParameters a100() {
    return load_gpu_description("a100-pcie-80gb").parameters;
}

constexpr Activity second_of_dense_work{
    .dense_steps = 4e11, .instructions = 1e11, .shared_wavefronts = 1e11, .l2_bytes = 2e12, .memory_bytes = 3e11};

TEST(PowerModel, VoltageRisesFromTheLowestClockToTheBoostClock) {
    const GpuParameters gpu = a100();
    EXPECT_DOUBLE_EQ(voltage_ratio(gpu, gpu.clock_hz), 1);
    EXPECT_DOUBLE_EQ(voltage_ratio(gpu, gpu.power.lowest_clock_hz), gpu.power.lowest_voltage_ratio);
    EXPECT_DOUBLE_EQ(voltage_ratio(gpu, gpu.power.lowest_clock_hz / 2), gpu.power.lowest_voltage_ratio);
    EXPECT_LT(voltage_ratio(gpu, 1.0e9), voltage_ratio(gpu, 1.1e9));
}

TEST(PowerModel, EnergyGrowsWithEveryKindOfActivityAndWithTime) {
    const GpuParameters gpu = a100();
    const double energy = energy_of(gpu, second_of_dense_work, gpu.clock_hz, 1);
    EXPECT_GT(energy_of(gpu, second_of_dense_work, gpu.clock_hz, 1.1), energy);
    for (double Activity::*const kind : {&Activity::dense_steps, &Activity::sparse_steps, &Activity::instructions,
                                         &Activity::shared_wavefronts, &Activity::l2_bytes, &Activity::memory_bytes}) {
        Activity more = second_of_dense_work;
        more.*kind += 1e11;
        EXPECT_GT(energy_of(gpu, more, gpu.clock_hz, 1), energy);
    }
    Activity sparse = second_of_dense_work;
    std::swap(sparse.dense_steps, sparse.sparse_steps);
    EXPECT_GT(energy_of(gpu, sparse, gpu.clock_hz, 1), energy) << "selection costs energy too";
}

TEST(PowerModel, SameWorkTakesLessEnergyAtALowerVoltage) {
    const GpuParameters gpu = a100();
    EXPECT_LT(energy_of(gpu, second_of_dense_work, 1.0e9, 1), energy_of(gpu, second_of_dense_work, 1.4e9, 1));
}

TEST(PowerModel, ClockSettlesAtTheHighestStepWithinTheLimit) {
    const GpuParameters gpu = a100();
    // The work that takes a second at the boost clock.
    const auto seconds_at = [&](double clock) { return gpu.clock_hz / clock; };
    const double clock = settled_clock(gpu, second_of_dense_work, seconds_at);
    ASSERT_LT(clock, gpu.clock_hz);
    ASSERT_GT(clock, gpu.power.lowest_clock_hz);
    const auto power = [&](double hz) { return power_of(gpu, second_of_dense_work, hz, seconds_at(hz)); };
    EXPECT_LE(power(clock), gpu.power.board_limit_watts);
    EXPECT_GT(power(clock + gpu.power.clock_step_hz), gpu.power.board_limit_watts);
}

TEST(PowerModel, ClockStaysWhereTheLimitDoesNotBind) {
    GpuParameters gpu = a100();
    EXPECT_EQ(settled_clock(gpu, {}, [](double) { return 1.0; }), gpu.clock_hz);
    gpu.power.board_limit_watts = 10;
    EXPECT_LT(settled_clock(gpu, second_of_dense_work, [](double) { return 1.0; }) - gpu.power.lowest_clock_hz,
              gpu.power.clock_step_hz)
        << "never below the lowest clock";
}

}  // namespace
}  // namespace stcsim
