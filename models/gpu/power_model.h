/// Energy and the clock that a board's power limit allows.
///
/// A run's energy is what its operations cost each - at the boost clock's voltage, less with the square of a lower one
/// - and the static power over its time. The clock settles at the highest step where the average power of a long series
/// of such runs stays within the board's limit. Parameters: PowerParameters. All of them are fitted or assumed; the GPU
/// descriptions say which and from what.
#pragma once

#include "gpu/gpu_parameters.h"

namespace stcsim {

/// What a run does, in numbers of operations or bytes.
struct Activity {
    double dense_steps = 0;  ///< of tensor cores
    double sparse_steps = 0;
    double instructions = 0;       ///< issued by warps
    double shared_wavefronts = 0;  ///< of 128 bytes
    double l2_bytes = 0;           ///< between SMs and L2, both directions
    double memory_bytes = 0;       ///< between L2 and HBM, both directions
};

/// Voltage at a clock over that at the boost clock: linear between the lowest clock's and 1, constant below.
double voltage_ratio(const GpuParameters& gpu, double clock_hz);

/// Joules of a run of `seconds` at this clock.
double energy_of(const GpuParameters& gpu, const Activity& activity, double clock_hz, double seconds);

/// The average power in watts.
double power_of(const GpuParameters& gpu, const Activity& activity, double clock_hz, double seconds);

/// The highest clock, in steps of `clock_step_hz` from the boost clock down to the lowest, at which a run stays within
/// the board's limit if its time is `seconds_at(clock)`; the lowest clock if none does.
template <typename SecondsAt>
double settled_clock(const GpuParameters& gpu, const Activity& activity, SecondsAt seconds_at) {
    const PowerParameters& power = gpu.power;
    double clock = gpu.clock_hz;
    while (clock - power.clock_step_hz >= power.lowest_clock_hz &&
           power_of(gpu, activity, clock, seconds_at(clock)) > power.board_limit_watts) {
        clock -= power.clock_step_hz;
    }
    return clock;
}

}  // namespace stcsim
