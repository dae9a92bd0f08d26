#include "run/bounds.h"

#include <algorithm>
#include <array>

namespace stcsim {
namespace {

/// In the order of TimeCause.
constexpr std::array<std::string_view, time_causes> bound_names{
    "tensor core",    "operand fetch", "metadata", "shared memory", "L2 bandwidth", "DRAM bandwidth",
    "memory latency", "barrier",       "issue",    "tail",          "launch",       "power"};
/// A tensor core that is busy this much of the kernel's time is what bounds the run, whatever the rest went to.
constexpr double bound_by_tensor_core = 0.85;
/// The share of power from which on it is the power limit that bounds a busy tensor core.
constexpr double bound_by_power = 0.03;

std::string name_of(TimeCause cause) {
    return std::string(bound_names[static_cast<std::size_t>(cause)]);
}

}  // namespace

std::string name_bound(const SimulationResult& result) {
    using enum TimeCause;
    if (result.launch_us > result.time_us / 2) return name_of(launch);
    const TimeAccount& time = result.time_account;
    const TensorCoreAccount& account = result.account;
    if (static_cast<double>(account[TensorCoreState::busy].value()) >=
        bound_by_tensor_core * static_cast<double>(account.total().value())) {
        return name_of(time[power] >= bound_by_power ? power : busy);
    }
    constexpr std::array data{l2_bandwidth, dram_bandwidth, latency};
    const auto share = [&](TimeCause cause) { return time[cause]; };
    const double waiting = time[l2_bandwidth] + time[dram_bandwidth] + time[latency];
    constexpr std::array others{operands, metadata, shared_memory, barrier, issue, tail, launch, power};
    const TimeCause largest = *std::ranges::max_element(others, {}, share);
    return name_of(waiting > time[largest] ? *std::ranges::max_element(data, {}, share) : largest);
}

}  // namespace stcsim
