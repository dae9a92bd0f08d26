/// Parameters of the memory system outside the SMs. Values and their sources are in models/gpus/.
#pragma once

#include <cstdint>

#include "base/parameters.h"
#include "base/units.h"

namespace stcsim {

/// Interconnect between SMs and L2.
struct InterconnectParameters {
    Bytes bytes_per_cycle;  ///< per SM and direction
    Bytes request_bytes;    ///< what a request takes of them, beside the data of a write
    Cycle latency;          ///< one way

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("bytes_per_cycle", bytes_per_cycle, {1, 4096}, "bytes per SM clock, per SM and direction");
        v.parameter("request_bytes", request_bytes, {1, 1024}, "bytes that a request takes on the way to the L2");
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
    double slice_bytes_per_cycle;     ///< a real number: one SM's fair share of the L2 is less than one slice
    double crossing_bytes_per_cycle;  ///< between partitions, out of each
    Bytes bytes_in_flight;            ///< between an SM and a slice
    Cycle hit_latency;
    Cycle far_latency;              ///< extra when the data cross between partitions
    double atomic_turns_per_cycle;  ///< of a slice's atomic unit; lanes that share a word take turns
    Cycle atomic_latency;           ///< of an atomic operation beyond a hit

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("capacity", capacity, {4096, 1e12}, "bytes of data");
        v.parameter("line", line, {32, 1024}, "bytes per line");
        v.parameter("sector", sector, {16, 1024}, "bytes per sector, the unit of transfer");
        v.parameter("ways", ways, {1, 64}, "lines per set");
        v.parameter("slices", slices, {1, 1024}, "independent slices");
        v.parameter("partitions", partitions, {1, 8}, "groups of slices with their own SMs");
        v.parameter("slice_bytes_per_cycle", slice_bytes_per_cycle, {1e-6, 4096}, "bytes per SM clock and slice");
        v.parameter("crossing_bytes_per_cycle", crossing_bytes_per_cycle, {1e-6, 1e6},
                    "bytes per SM clock that leave a partition for another one");
        v.parameter("bytes_in_flight", bytes_in_flight, {32, 1e9}, "bytes under way between an SM and a slice");
        v.parameter("hit_latency", hit_latency, {1, 4096}, "cycles of a hit inside the L2");
        v.parameter("far_latency", far_latency, {0, 4096}, "extra cycles when data cross between partitions");
        v.parameter("atomic_turns_per_cycle", atomic_turns_per_cycle, {1e-6, 1024},
                    "turns per SM clock of a slice's atomic unit, a sector each");
        v.parameter("atomic_latency", atomic_latency, {0, 4096}, "cycles of an atomic operation beyond a hit");
    }
};

/// High-bandwidth memory.
struct HighBandwidthMemoryParameters {
    double bytes_per_second;  ///< peak of all stacks
    double efficiency;        ///< share of the peak that refresh and turns between reading and writing leave
    std::uint32_t channels;   ///< independent ones: pseudo-channels of HBM2
    std::uint32_t banks;      ///< per channel
    Bytes row_bytes;
    double row_open_seconds;           ///< to close a row and open another one
    double row_cycle_seconds;          ///< between two openings of a bank's rows
    double activation_window_seconds;  ///< in which a channel may open four rows
    Cycle latency;                     ///< of a read beyond the L2's hit latency, in SM cycles, if its row is opened

    template <typename Visitor>
    void describe(Visitor& v) {
        v.parameter("bytes_per_second", bytes_per_second, {1, 1e15}, "peak bandwidth of all stacks");
        v.parameter("efficiency", efficiency, {0.01, 1}, "share of the peak that refresh and turns leave");
        v.parameter("channels", channels, {1, 1024}, "independent channels");
        v.parameter("banks", banks, {1, 1024}, "banks per channel");
        v.parameter("row_bytes", row_bytes, {32, 1e6}, "bytes of a bank's open row");
        v.parameter("row_open_seconds", row_open_seconds, {1e-12, 1e-3}, "time to close a row and open another one");
        v.parameter("row_cycle_seconds", row_cycle_seconds, {1e-12, 1e-3}, "time between two openings in a bank");
        v.parameter("activation_window_seconds", activation_window_seconds, {1e-12, 1e-3},
                    "time in which a channel may open four rows");
        v.parameter("latency", latency, {1, 100000},
                    "SM cycles of a read beyond the L2's hit latency, its row's opening included");
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
