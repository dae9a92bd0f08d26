#include "run/time_account.h"

#include <algorithm>
#include <limits>

namespace stcsim {
namespace {

/// Shares of waiting for global data: bandwidth of the L2, of the memory, latency.
std::array<double, 3> split_of(const ReadTime& time) {
    const double sum = time.l2_queues + time.memory_queue + time.latency;
    if (sum <= 0) return {0, 0, 1};
    return {time.l2_queues / sum, time.memory_queue / sum, time.latency / sum};
}

}  // namespace

TimeAccount account_of_time(const TimedCycles& run) {
    TimeAccount time;
    const double seconds = run.kernel_seconds + run.launch_seconds;
    const auto cycles = static_cast<double>(run.account.total().value());
    if (seconds <= 0) return time;
    const double kernel = cycles > 0 ? run.kernel_seconds / seconds : 0;
    const auto share = [&](TensorCoreState state) {
        return cycles > 0 ? kernel * static_cast<double>(run.account[state].value()) / cycles : 0;
    };
    time[TimeCause::busy] = share(TensorCoreState::busy);
    time[TimeCause::operands] = share(TensorCoreState::operands);
    time[TimeCause::metadata] = share(TensorCoreState::metadata);
    time[TimeCause::shared_memory] = share(TensorCoreState::shared_memory);
    const auto [l2, dram, latency] = split_of(run.read_time);
    const double global_data = share(TensorCoreState::global_data);
    time[TimeCause::l2_bandwidth] = global_data * l2;
    time[TimeCause::dram_bandwidth] = global_data * dram;
    time[TimeCause::latency] = global_data * latency;
    time[TimeCause::barrier] = share(TensorCoreState::barrier);
    time[TimeCause::issue] = share(TensorCoreState::issue);
    const double tail = share(TensorCoreState::tail);
    const double gap = std::min(tail, kernel * run.launch_gap_share);
    time[TimeCause::tail] = tail - gap;
    double power = 0;
    for (std::size_t i = 0; i < time_causes; ++i) {
        if (static_cast<TimeCause>(i) == TimeCause::dram_bandwidth) continue;
        const double taken = time.shares[i] * std::max(0.0, 1 - run.clock_ratio);
        time.shares[i] -= taken;
        power += taken;
    }
    time[TimeCause::launch] = run.launch_seconds / seconds + gap;
    time[TimeCause::power] = power;
    return time;
}

Roofline roofline_of(const GpuParameters& gpu, double operations, double l2_bytes, double hbm_bytes, double tflops,
                     double peak_tflops) {
    const auto intensity = [&](double bytes) {
        return bytes > 0 ? operations / bytes : std::numeric_limits<double>::infinity();
    };
    Roofline roofline{.operations_per_hbm_byte = intensity(hbm_bytes),
                      .operations_per_l2_byte = intensity(l2_bytes),
                      .attainable_tflops = peak_tflops,
                      .roof = "tensor core"};
    const auto lower = [&](double tflops_of_roof, std::string_view roof) {
        if (tflops_of_roof >= roofline.attainable_tflops) return;
        roofline.attainable_tflops = tflops_of_roof;
        roofline.roof = roof;
    };
    const L2CacheParameters& l2 = gpu.memory.l2;
    lower(roofline.operations_per_l2_byte * gpu.clock_hz * l2.slices * l2.slice_bytes_per_cycle / 1e12, "L2 bandwidth");
    lower(roofline.operations_per_hbm_byte * gpu.memory.hbm.bytes_per_second / 1e12, "DRAM bandwidth");
    roofline.share_of_attainable = roofline.attainable_tflops > 0 ? tflops / roofline.attainable_tflops : 0;
    return roofline;
}

}  // namespace stcsim
