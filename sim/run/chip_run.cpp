#include "run/chip_run.h"

#include <cmath>
#include <utility>

#include "gpu/power_model.h"
#include "waves/wave_sampling.h"

namespace stcsim {
namespace {

/// Problems with fewer multiply-adds than this run in detail in about a second.
constexpr double small_problem = 2e9;

double multiply_adds_of(const GemmPlan& plan) {
    const GemmKernel& kernel = plan.kernel();
    return static_cast<double>(plan.tiles() * kernel.tile_m * kernel.tile_n) * static_cast<double>(plan.padded_k()) /
           (plan.sparse() ? 2 : 1);
}

Method method_of(const GemmPlan& plan, const SimulationOptions& options) {
    if (options.scope != Scope::chip || options.verify || options.vcd || options.perfetto) return Method::exact;
    if (plan.waits()) return Method::exact;  // the replay of k-tiles knows no semaphores
    if (options.method != Method::automatic) return options.method;
    return multiply_adds_of(plan) < small_problem ? Method::exact : Method::sampled;
}

Activity activity_of(const KernelRun& run, const GemmPlan& plan) {
    double instructions = 0;
    double wavefronts = 0;
    for (const CounterValue& counter : run.counters.values()) {
        if (counter.path.starts_with("sm.warp_scheduler.issued.")) instructions += static_cast<double>(counter.value);
        if (counter.path.starts_with("sm.shared_memory.") && counter.path.ends_with("_wavefronts") &&
            !counter.path.ends_with("conflict_wavefronts")) {
            wavefronts += static_cast<double>(counter.value);
        }
    }
    const auto steps = static_cast<double>(run.account[TensorCoreState::busy].value());
    return {.dense_steps = plan.sparse() ? 0 : steps,
            .sparse_steps = plan.sparse() ? steps : 0,
            .instructions = instructions,
            .shared_wavefronts = wavefronts,
            .l2_bytes = static_cast<double>(run.traffic.sm_read + run.traffic.sm_written),
            .memory_bytes = run.traffic.hbm_read + run.traffic.hbm_written};
}

double seconds_of(const GpuParameters& gpu, const KernelRun& run, double clock_hz) {
    return gpu.launch.latency_seconds + static_cast<double>(run.cycles.value()) / clock_hz;
}

/// The share by which a run's time may differ at another clock than the one it ran at.
double uncertainty(const KernelRun& run, double ran_at, double clock_hz) {
    const auto waiting = static_cast<double>(run.account[TensorCoreState::global_data].value());
    return std::abs(clock_hz / ran_at - 1) * waiting / static_cast<double>(run.account.total().value());
}

}  // namespace

ChipRun::ChipRun(const GpuParameters& gpu, const GemmPlan& plan, const SimulationOptions& options)
    : gpu_(gpu), at_clock_(gpu), plan_(plan), options_(options), method_(method_of(plan, options)) {
    constexpr int most_runs = 4;
    constexpr double tolerated = 0.004;
    if (options.clock_hz) at_clock_.clock_hz = *options.clock_hz;
    const std::optional<KernelRun> estimated = estimate();
    if (estimated && !options.clock_hz) at_clock_.clock_hz = clock_for(*estimated);
    for (int runs = 1;; ++runs) {
        run_ = run();
        if (options.clock_hz) return;
        const double ran_at = std::exchange(at_clock_.clock_hz, clock_for(run_));
        if (runs == most_runs || uncertainty(run_, ran_at, clock_hz()) <= tolerated) return;
    }
}

double ChipRun::seconds() const {
    return seconds_of(gpu_, run_, clock_hz());
}

double ChipRun::energy() const {
    return energy_of(gpu_, activity_of(run_, plan_), clock_hz(), seconds());
}

double ChipRun::clock_for(const KernelRun& run) const {
    return settled_clock(gpu_, activity_of(run, plan_), [&](double hz) { return seconds_of(gpu_, run, hz); });
}

std::optional<KernelRun> ChipRun::estimate() {
    const bool large = multiply_adds_of(plan_) >= small_problem && !plan_.waits();
    if (method_ == Method::exact && options_.warm_l2 && leaves_operands_in_l2(gpu_, plan_)) {
        before_.emplace(at_clock_.memory, at_clock_.sm_count, at_clock_.clock_hz);
        return run_detailed(at_clock_, plan_, without_values(options_), &*before_);
    }
    if (method_ == Method::sampled || (large && !options_.clock_hz)) profile_ = measure_profile(gpu_, plan_);
    if (method_ == Method::sampled && options_.warm_l2 && leaves_operands_in_l2(gpu_, plan_)) {
        before_.emplace(gpu_.memory, gpu_.sm_count, at_clock_.clock_hz);
        return run_by_waves(at_clock_, plan_, *profile_, &*before_);
    }
    return large && !options_.clock_hz ? estimate_by_waves(gpu_, plan_, *profile_) : std::nullopt;
}

KernelRun ChipRun::run() {
    if (method_ == Method::exact) return run_detailed(at_clock_, plan_, options_, before_ ? &*before_ : nullptr);
    MemoryHierarchy memory(at_clock_.memory, at_clock_.sm_count, at_clock_.clock_hz);
    if (before_) memory.take_contents(std::move(*before_));
    KernelRun run = run_by_waves(at_clock_, plan_, *profile_, &memory);
    // Should it have to be repeated: it is now itself what has just run.
    if (before_) before_ = std::move(memory);
    return run;
}

}  // namespace stcsim
