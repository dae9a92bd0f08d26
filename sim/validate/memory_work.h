/// Measurements of the memory that the model can repeat.
#pragma once

#include <cstdint>

#include "base/units.h"
#include "gpu/gpu_parameters.h"

namespace stcsim {

/// What is measured (microbench/memory_bench.h), and over how many bytes.
struct MemoryWork {
    enum class Kind : std::uint8_t {
        l1_chase,   ///< mean latency of a chase that the L1 holds, in cycles
        l1_stream,  ///< of one SM, in bytes per cycle
        near_hit,   ///< latencies of single loads, in cycles, as the next four
        far_hit,
        near_miss,
        far_miss,
        mean_miss,
        chase,       ///< mean latency of a random chase of one SM, in cycles
        l2_stream,   ///< of all SMs together, in bytes per cycle
        hbm_stream,  ///< of all SMs together, in GB/s, as what follows
        near_slice,  ///< one SM that reads from one slice
        far_slice,
    };

    Kind kind = Kind::near_hit;
    Bytes footprint{0};  ///< of chases and streams
};

/// The model's value, in the unit of its kind.
double measure_memory_work(const MemoryWork& work, const GpuParameters& gpu);

}  // namespace stcsim
