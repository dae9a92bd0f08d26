/// Latencies and bandwidths of the memory, as published microbenchmarks measure them: pointer chases and streams.
///
/// They run on the MemoryHierarchy itself, with an SM reduced to what its load/store unit adds: footprints of many
/// megabytes would take the whole machine minutes. Tests of the SM compare single loads of the whole machine with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/units.h"
#include "gpu/gpu_parameters.h"

namespace stcsim {

/// One figure of the memory.
struct MemoryFigure {
    std::string level;   ///< what is read, from where
    std::string metric;  ///< "latency" or "throughput"
    double value = 0;
    std::string unit;  ///< "cyc", "B/clk" or "GB/s"
};

/// Cycles of a load of one SM by where its data are.
struct LoadLatencies {
    double near_hit = 0;
    double far_hit = 0;  ///< equal to near_hit where there is one partition, as the next but one
    double near_miss = 0;
    double far_miss = 0;
};
LoadLatencies load_latencies(const GpuParameters& gpu);

/// Mean cycles of a load in a chase of one SM through all lines of `footprint` in a random order, over and over; the
/// first round does not count.
double chase_latency(const GpuParameters& gpu, Bytes footprint);

/// Bytes per cycle of all SMs that read `footprint` together, each warp 512 bytes in a row, in the second of two
/// rounds.
double stream_bandwidth(const GpuParameters& gpu, Bytes footprint);

/// Bytes per cycle of one SM that reads from one slice lines whose home is near, or in the other partition.
double slice_bandwidth(const GpuParameters& gpu, bool near);

/// All of the above, for footprints below, around and above what the L2 and its partitions hold.
std::vector<MemoryFigure> measure_memory(const GpuParameters& gpu);

/// "level,metric,value,unit" and one line per figure; and the same as a table for people.
std::string memory_csv(const std::vector<MemoryFigure>& figures);
std::string memory_table(const std::vector<MemoryFigure>& figures);

}  // namespace stcsim
