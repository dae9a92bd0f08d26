/// Where the time of a run went, launch included, and where it stands below the roofs of its GPU.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gpu/gpu_parameters.h"
#include "memory/read_time.h"
#include "tensor_core/account.h"

namespace stcsim {

/// What a share of the time goes to. Those of the tensor cores' account (tensor_core/account.h), its `global_data` told
/// apart, and what is not cycles: the launch, and what the power limit takes.
enum class TimeCause : std::uint8_t {
    busy,            ///< the tensor pipe works
    operands,        ///< operand fetch
    metadata,        ///< the sparse path
    shared_memory,   ///< bandwidth and latency of shared memory
    l2_bandwidth,    ///< queues on the links, at the L2's slices and between its partitions
    dram_bandwidth,  ///< queues of the memory's banks and buses
    latency,         ///< of L2 and memory, without any queue
    barrier,
    issue,
    tail,
    launch,  ///< of the kernel, and of the second one where k is split
    power,   ///< what the run would be shorter at the boost clock
};

inline constexpr std::size_t time_causes = 12;

inline constexpr std::array<std::string_view, time_causes> time_cause_names{
    "busy",    "operands", "metadata", "shared_memory", "l2_bandwidth", "dram_bandwidth",
    "latency", "barrier",  "issue",    "tail",          "launch",       "power"};

/// Shares of the time, which sum to 1; all zero of a run without time.
struct TimeAccount {
    std::array<double, time_causes> shares{};

    double& operator[](TimeCause cause) { return shares[static_cast<std::size_t>(cause)]; }
    double operator[](TimeCause cause) const { return shares[static_cast<std::size_t>(cause)]; }
};

/// What an account of time is made of.
struct TimedCycles {
    TensorCoreAccount account;
    ReadTime read_time;       ///< of global memory: `global_data` is split as its parts are
    double kernel_seconds;    ///< of the cycles at the clock they ran at
    double launch_seconds;    ///< beside the kernel
    double launch_gap_share;  ///< of the cycles: between two launches, which are `tail` in the account
    double clock_ratio;       ///< the clock over the one at which power would not limit; 1 if it does not
};

/// At a clock below the one that the GPU could reach everything takes longer by the ratio of both, but what waits for
/// the memory's bandwidth: that much of each cause's time is power's.
TimeAccount account_of_time(const TimedCycles& run);

/// A GEMM below the roofs of its GPU at the boost clock, dense-equivalent.
struct Roofline {
    double operations_per_hbm_byte = 0;  ///< read and written; infinite without any
    double operations_per_l2_byte = 0;   ///< read by the SMs
    double attainable_tflops = 0;        ///< the lowest roof at these intensities
    std::string_view roof;               ///< which one: "tensor core", "L2 bandwidth" or "DRAM bandwidth"
    double share_of_attainable = 0;      ///< 0 to 1
};

/// `operations` and bytes of the run, `tflops` reached, the peak that applies to it.
Roofline roofline_of(const GpuParameters& gpu, double operations, double l2_bytes, double hbm_bytes, double tflops,
                     double peak_tflops);

}  // namespace stcsim
