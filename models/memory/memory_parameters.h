/// Parameters of the memory system outside the SMs. Values and their sources are in models/gpus/.
#pragma once

#include <cstdint>

#include "base/parameters.h"
#include "base/units.h"

namespace stcsim {

/// Interconnect between SMs and L2.
struct InterconnectParameters {
    Bytes bytes_per_cycle;  ///< per SM and direction
    Cycle latency;          ///< one way

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("bytes_per_cycle", bytes_per_cycle, {1, 4096}, "bytes per SM clock, per SM and direction");
        v.parameter("latency", latency, {1, 4096}, "cycles one way between an SM and the L2");
    }
};

/// L2 cache: slices in two or more partitions.
struct L2CacheParameters {
    Bytes capacity;
    Bytes line;
    Bytes sector;
    std::uint32_t ways;
    std::uint32_t slices;
    std::uint32_t partitions;
    double slice_bytes_per_cycle;  ///< a real number: one SM's fair share of the L2 is less than one slice
    Cycle hit_latency;
    Cycle far_latency;  ///< extra when the slice is in another partition than the SM

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("capacity", capacity, {4096, 1e12}, "bytes of data");
        v.parameter("line", line, {32, 1024}, "bytes per line");
        v.parameter("sector", sector, {16, 1024}, "bytes per sector, the unit of transfer");
        v.parameter("ways", ways, {1, 64}, "lines per set");
        v.parameter("slices", slices, {1, 1024}, "independent slices");
        v.parameter("partitions", partitions, {1, 8}, "groups of slices with their own SMs");
        v.parameter("slice_bytes_per_cycle", slice_bytes_per_cycle, {1e-6, 4096}, "bytes per SM clock and slice");
        v.parameter("hit_latency", hit_latency, {1, 4096}, "cycles of a hit inside the L2");
        v.parameter("far_latency", far_latency, {0, 4096},
                    "extra cycles when SM and slice are in different partitions");
    }
};

/// High-bandwidth memory.
struct HighBandwidthMemoryParameters {
    double bytes_per_second;  ///< peak of all stacks
    double efficiency;        ///< share of the peak that streams reach
    std::uint32_t channels;
    Cycle latency;  ///< of a read beyond the L2's hit latency, in SM cycles

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("bytes_per_second", bytes_per_second, {1, 1e15}, "peak bandwidth of all stacks");
        v.parameter("efficiency", efficiency, {0.01, 1}, "share of the peak that streams reach");
        v.parameter("channels", channels, {1, 1024}, "independent channels");
        v.parameter("latency", latency, {1, 100000}, "SM cycles of a read beyond the L2's hit latency");
    }
};

/// Everything behind the SMs.
struct MemoryParameters {
    InterconnectParameters interconnect;
    L2CacheParameters l2;
    HighBandwidthMemoryParameters hbm;

    template <typename Visitor>
    void describe(Visitor& v) {
        v.group("interconnect", interconnect);
        v.group("l2", l2);
        v.group("hbm", hbm);
    }
};

}  // namespace stcsim
