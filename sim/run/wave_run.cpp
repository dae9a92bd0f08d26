#include <algorithm>
#include <cmath>
#include <numeric>

#include "run/kernel_run.h"
#include "waves/wave_sampling.h"

namespace stcsim {
namespace {

/// Spreads `cycles` over the states that keep a tensor core idle, as `weights` do.
void add_idle(std::array<double, tensor_core_states>& sum, const std::array<double, tensor_core_states>& weights,
              double cycles) {
    const double total = std::accumulate(weights.begin() + 1, weights.end(), 0.0);
    if (total <= 0) {
        sum[static_cast<std::size_t>(TensorCoreState::issue)] += cycles;
        return;
    }
    for (std::size_t i = 1; i < tensor_core_states; ++i) sum[i] += cycles * weights[i] / total;
}

/// Whole cycles that sum to `total`. Busy cycles are a count of the work and stay as they are; what rounding leaves is
/// tail, what is too much comes off the idle states.
TensorCoreAccount whole_cycles(std::array<double, tensor_core_states> cycles, std::uint64_t total) {
    const double idle = std::accumulate(cycles.begin() + 1, cycles.end(), 0.0);
    const double most = std::max(0.0, static_cast<double>(total) - cycles[0]);
    if (idle > most) {
        for (std::size_t i = 1; i < tensor_core_states; ++i) cycles[i] *= most / idle;
    }
    TensorCoreAccount account;
    std::uint64_t left = total;
    for (std::size_t i = 0; i < tensor_core_states; ++i) {
        const std::uint64_t part = std::min(left, static_cast<std::uint64_t>(std::max(0.0, cycles[i])));
        account.cycles[i] = Cycle(part);
        left -= part;
    }
    account[TensorCoreState::tail] += Cycle(left);
    return account;
}

TensorCoreAccount account_of(const GpuParameters& gpu, const TileProfile& profile, const SampledRun& run,
                             std::uint64_t total) {
    std::array<double, tensor_core_states> cycles = profile.shared.cycles_per_k_tile();
    for (double& state : cycles) state *= static_cast<double>(run.totals.k_tiles);
    add_idle(cycles, profile.solo.cycles_per_k_tile(), run.totals.solo_wait * gpu.sm.sub_cores);
    cycles[static_cast<std::size_t>(TensorCoreState::global_data)] += run.totals.data_wait * gpu.sm.sub_cores;
    return whole_cycles(cycles, total);
}

/// Counters of the SMs: of the CTAs that multiply, and of those that reduce.
void report_sms(const TileProfile& profile, const SampledRun& run, CounterReport& report) {
    const auto add = [&](const CounterReport& counters, double times) {
        for (const CounterValue& counter : counters.values()) {
            if (!counter.path.starts_with("sm.")) continue;  // the profile's memory is an ideal one
            const std::size_t dot = counter.path.rfind('.');
            report.add(counter.path.substr(0, dot), counter.path.substr(dot + 1), counter.unit, counter.meaning,
                       static_cast<std::uint64_t>(std::llround(times * static_cast<double>(counter.value))));
        }
    };
    add(profile.shared.counters(static_cast<double>(run.totals.ctas), static_cast<double>(run.totals.k_tiles)), 1);
    add(profile.reduction.counters, run.reducing_ctas);
}

KernelRun run_of(const GpuParameters& gpu, const GemmPlan& plan, const TileProfile& profile,
                 const SampledRun& sampled) {
    KernelRun run;
    run.method = Method::sampled;
    run.cycles = Cycle(static_cast<std::uint64_t>(std::ceil(sampled.cycles)));
    run.tensor_cores = std::uint64_t{gpu.sm_count} * gpu.sm.sub_cores;
    run.account = account_of(gpu, profile, sampled, run.cycles.value() * run.tensor_cores);
    report_sms(profile, sampled, run.counters);
    report_traffic(sampled.traffic, gpu.memory, run.counters);
    run.traffic = sampled.traffic;
    run.simulated_ctas =
        static_cast<std::uint64_t>(std::llround(sampled.replayed_share * static_cast<double>(plan.ctas())));
    return run;
}

}  // namespace

KernelRun run_by_waves(const GpuParameters& gpu, const GemmPlan& plan, const TileProfile& profile,
                       MemoryHierarchy* memory) {
    return run_of(gpu, plan, profile, run_sampled(gpu, plan, profile, {.every_wave = false, .memory = memory}));
}

std::optional<KernelRun> estimate_by_waves(const GpuParameters& gpu, const GemmPlan& plan, const TileProfile& profile) {
    const std::optional<SampledRun> probed = probe(gpu, plan, profile);
    if (!probed) return std::nullopt;
    return run_of(gpu, plan, profile, *probed);
}

}  // namespace stcsim
