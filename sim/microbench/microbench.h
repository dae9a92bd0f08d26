/// Measurements of single instructions on the model of one SM, by the method of arXiv 2206.02874.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gpu/gpu_parameters.h"
#include "microbench/microbench_subject.h"
#include "microbench/timed_loop.h"

namespace stcsim {

/// Iterations of the timed loop that the published measurements used.
inline constexpr std::uint32_t published_iterations = 999;
/// The most warps of a thread block (CUDA C++ Programming Guide: 1024 threads).
inline constexpr std::uint32_t largest_block_warps = 32;
/// The most independent instructions per warp and iteration.
inline constexpr std::uint32_t largest_ilp = 8;

/// A number of warps and of independent instructions per warp, and where these wait for their fragments.
struct MicrobenchLoad {
    std::uint32_t warps = 1;
    std::uint32_t ilp = 1;
    FragmentWait fragments = FragmentWait::in_loop;

    bool operator==(const MicrobenchLoad&) const = default;
};

struct MicrobenchResult {
    MicrobenchSubject subject;
    MicrobenchLoad load;
    double latency = 0;     ///< cycles per loop iteration; with one warp and ILP 1 the completion latency
    double throughput = 0;  ///< in the subject's unit: warps x ilp x work x iterations / cycles
    double peak = 0;        ///< of one SM, in the same unit
};

/// Work per cycle that one SM can do at best: the array's rate, or the width of the shared memory.
double peak_of(const MicrobenchSubject& subject, const GpuParameters& gpu);

/// Whether the thread block of this load fits on an SM: its registers are what can be too many.
bool fits(const MicrobenchSubject& subject, const MicrobenchLoad& load, const GpuParameters& gpu);

/// One measurement. Throws InputError if the block does not fit or the GPU cannot execute the subject.
MicrobenchResult measure(const MicrobenchSubject& subject, const MicrobenchLoad& load, const GpuParameters& gpu,
                         std::uint32_t iterations = published_iterations);

}  // namespace stcsim
