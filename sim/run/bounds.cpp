#include "run/bounds.h"

#include <algorithm>
#include <array>

namespace stcsim {
namespace {

/// In the order of TensorCoreState.
constexpr std::array<std::string_view, tensor_core_states> bound_names{
    "tensor core", "operand fetch", "metadata", "shared memory", "global data", "barrier", "issue", "tail"};
/// A tensor core that is busy this much of the time is what bounds the run, whatever the rest went to.
constexpr double bound_by_tensor_core = 0.85;
/// A clock below this share of the boost clock is the power limit's doing.
constexpr double limited_clock = 0.97;
/// Shares of a bandwidth from which on it is what waiting is for: queues grow long before all of it is used.
constexpr double bound_by_memory = 0.7;
constexpr double bound_by_l2 = 0.5;

std::string name_of_wait(const SimulationResult& result, const GpuParameters& gpu) {
    const double seconds = static_cast<double>(result.cycles.value()) / result.clock_hz;
    const HighBandwidthMemoryParameters& hbm = gpu.memory.hbm;
    const double memory = (result.hbm_read_bytes + result.hbm_written_bytes) / seconds / hbm.bytes_per_second;
    if (memory > bound_by_memory) return "DRAM bandwidth";
    const L2CacheParameters& l2 = gpu.memory.l2;
    const double per_cycle = result.l2_read_bytes / static_cast<double>(result.cycles.value());
    if (per_cycle > bound_by_l2 * l2.slices * l2.slice_bytes_per_cycle) return "L2 bandwidth";
    return "memory latency";
}

}  // namespace

std::string name_bound(const SimulationResult& result, const GpuParameters& gpu) {
    if (result.launch_us > result.time_us / 2) return "launch";
    const TensorCoreAccount& account = result.account;
    const auto total = static_cast<double>(account.total().value());
    if (static_cast<double>(account[TensorCoreState::busy].value()) >= bound_by_tensor_core * total) {
        return result.scope == Scope::chip && result.clock_hz < limited_clock * gpu.clock_hz
                   ? "power"
                   : std::string(bound_names[0]);
    }
    const auto largest = std::max_element(account.cycles.begin() + 1, account.cycles.end());
    const auto state = static_cast<std::size_t>(largest - account.cycles.begin());
    const bool waits_for_data = state == static_cast<std::size_t>(TensorCoreState::global_data);
    return waits_for_data && result.scope == Scope::chip ? name_of_wait(result, gpu) : std::string(bound_names[state]);
}

}  // namespace stcsim
