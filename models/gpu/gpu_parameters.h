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

/// One GPU.
struct GpuParameters {
    double clock_hz;  ///< SM clock; only converts cycles to seconds
    std::uint32_t sm_count;
    CtaSchedulerParameters cta_scheduler;
    SmParameters sm;
    MemoryParameters memory;

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("clock_hz", clock_hz, {1e6, 1e11}, "SM clock in hertz");
        v.parameter("sm_count", sm_count, {1, 1024}, "streaming multiprocessors");
        v.group("cta_scheduler", cta_scheduler);
        v.group("sm", sm);
        v.group("memory", memory);
    }
};

}  // namespace stcsim
