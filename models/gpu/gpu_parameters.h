/// The complete parameters of a GPU. Values and their sources are in models/gpus/.
#pragma once

#include <cstdint>

#include "base/parameters.h"
#include "base/units.h"
#include "memory/memory_parameters.h"
#include "sm/sm_parameters.h"

namespace stcsim {

/// CtaScheduler: hands CTAs to SMs.
struct CtaSchedulerParameters {
    Cycle launch_interval;     ///< between two CTAs handed out by the chip
    Cycle launch_latency;      ///< from the decision to the first instruction of the CTA
    Cycle completion_latency;  ///< from the end of a CTA's last warp until the scheduler knows
    Cycle launch_gap;          ///< from the end of a launch to the first hand-out of the next one in the stream

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("launch_interval", launch_interval, {1, 100000}, "cycles between two CTAs handed out by the chip");
        v.parameter("launch_latency", launch_latency, {1, 100000},
                    "cycles from the hand-out to a CTA's first instruction");
        v.parameter("completion_latency", completion_latency, {1, 100000},
                    "cycles from the end of a CTA's last warp until the scheduler knows");
        v.parameter("launch_gap", launch_gap, {1, 1000000},
                    "cycles from the end of a launch to the first hand-out of the one behind it");
    }
};

/// What the host adds to a launch.
struct LaunchParameters {
    double latency_seconds;  ///< from one launch to the next in a stream beside the kernel's own time

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("latency_seconds", latency_seconds, {0, 1}, "seconds a launch takes beside the kernel's own time");
    }
};

/// Energy, and the limit that the clock has to keep (power_model.h).
struct PowerParameters {
    double board_limit_watts;
    double static_watts;  ///< at the boost clock's voltage: leakage, clocks, idle memory, fans
    double lowest_clock_hz;
    double lowest_voltage_ratio;  ///< voltage at the lowest clock over that at the boost clock
    double clock_step_hz;
    double tensor_step_picojoules;  ///< a step of a tensor core, its operands' way from the registers included
    double sparse_step_picojoules;  ///< what metadata and selection add to a step
    double instruction_picojoules;  ///< issue of a warp instruction, and its register accesses
    double shared_wavefront_picojoules;
    double l2_byte_picojoules;  ///< between SM and L2, the way included
    double memory_byte_picojoules;

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("board_limit_watts", board_limit_watts, {1, 1e5}, "watts that the board may take");
        v.parameter("static_watts", static_watts, {0, 1e5}, "watts without any activity, at the boost clock's voltage");
        v.parameter("lowest_clock_hz", lowest_clock_hz, {1e6, 1e11}, "lowest clock that the power limit leads to");
        v.parameter("lowest_voltage_ratio", lowest_voltage_ratio, {0.1, 1},
                    "voltage at the lowest clock over that at the boost clock");
        v.parameter("clock_step_hz", clock_step_hz, {1e3, 1e10}, "distance of clocks");
        v.parameter("tensor_step_picojoules", tensor_step_picojoules, {0, 1e6}, "energy of a tensor core's step");
        v.parameter("sparse_step_picojoules", sparse_step_picojoules, {0, 1e6},
                    "what metadata and selection add to a step");
        v.parameter("instruction_picojoules", instruction_picojoules, {0, 1e6}, "energy of issuing a warp instruction");
        v.parameter("shared_wavefront_picojoules", shared_wavefront_picojoules, {0, 1e6},
                    "energy of a 128-byte wavefront of shared memory");
        v.parameter("l2_byte_picojoules", l2_byte_picojoules, {0, 1e6}, "energy of a byte between SM and L2");
        v.parameter("memory_byte_picojoules", memory_byte_picojoules, {0, 1e6}, "energy of a byte of device memory");
    }
};

/// What a CUDA program is told about the device beside what the model uses.
struct DeviceParameters {
    std::uint32_t compute_capability;  ///< ten times the major number plus the minor one
    Bytes memory;
    std::uint32_t memory_bus_bits;

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("compute_capability", compute_capability, {80, 89}, "ten times the major number plus the minor");
        v.parameter("memory", memory, {1 << 20, 1e15}, "bytes of device memory");
        v.parameter("memory_bus_bits", memory_bus_bits, {8, 65536}, "width of the memory interface in bits");
    }
};

/// One GPU.
struct GpuParameters {
    double clock_hz;  ///< SM clock: the boost clock, which the power limit may not allow
    std::uint32_t sm_count;
    DeviceParameters device;
    LaunchParameters launch;
    PowerParameters power;
    CtaSchedulerParameters cta_scheduler;
    SmParameters sm;
    MemoryParameters memory;

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("clock_hz", clock_hz, {1e6, 1e11}, "SM clock in hertz");
        v.parameter("sm_count", sm_count, {1, 1024}, "streaming multiprocessors");
        v.group("device", device);
        v.group("launch", launch);
        v.group("power", power);
        v.group("cta_scheduler", cta_scheduler);
        v.group("sm", sm);
        v.group("memory", memory);
    }
};

}  // namespace stcsim
