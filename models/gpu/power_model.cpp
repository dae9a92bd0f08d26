#include "gpu/power_model.h"

#include <algorithm>

#include "base/error.h"

namespace stcsim {

double voltage_ratio(const GpuParameters& gpu, double clock_hz) {
    const PowerParameters& power = gpu.power;
    const double range = gpu.clock_hz - power.lowest_clock_hz;
    const double place = range > 0 ? std::clamp((clock_hz - power.lowest_clock_hz) / range, 0.0, 1.0) : 1.0;
    return power.lowest_voltage_ratio + (1 - power.lowest_voltage_ratio) * place;
}

double energy_of(const GpuParameters& gpu, const Activity& activity, double clock_hz, double seconds) {
    constexpr double joules_per_picojoule = 1e-12;
    const PowerParameters& power = gpu.power;
    const double voltage = voltage_ratio(gpu, clock_hz);
    const double core =
        (activity.dense_steps + activity.sparse_steps) * power.tensor_step_picojoules +
        activity.sparse_steps * power.sparse_step_picojoules + activity.instructions * power.instruction_picojoules +
        activity.shared_wavefronts * power.shared_wavefront_picojoules + activity.l2_bytes * power.l2_byte_picojoules;
    // The memory has a supply of its own.
    const double memory = activity.memory_bytes * power.memory_byte_picojoules;
    return (core * voltage * voltage + memory) * joules_per_picojoule + power.static_watts * voltage * seconds;
}

double power_of(const GpuParameters& gpu, const Activity& activity, double clock_hz, double seconds) {
    STCSIM_ASSERT(seconds > 0);
    return energy_of(gpu, activity, clock_hz, seconds) / seconds;
}

}  // namespace stcsim
