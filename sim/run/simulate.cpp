#include "run/simulate.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "gpu/power_model.h"
#include "kernel/kernel_choice.h"
#include "run/bounds.h"
#include "run/kernel_run.h"
#include "sm/residency.h"
#include "tensor_core/datapath.h"

namespace stcsim {
namespace {

/// The most bytes of operands that a verification may hold; the matrices take several times as much while it runs.
constexpr double most_verified_bytes = double{1} * (std::uint64_t{1} << 30);

void check_verification_size(const GemmProblem& problem) {
    const auto elements = [](std::uint64_t rows, std::uint64_t columns) {
        return static_cast<double>(rows) * static_cast<double>(columns);
    };
    const double bytes = static_cast<double>(problem.batch) *
                         ((elements(problem.m, problem.k) + elements(problem.n, problem.k)) * bits_of(problem.input) +
                          elements(problem.m, problem.n) * bits_of(problem.output)) /
                         8;
    if (bytes > most_verified_bytes) {
        throw InputError(
            {}, fmt::format("operands of {:.3g} bytes in {} to verify", bytes, problem.name),
            fmt::format("at most {:.3g} bytes; without --verify sizes are not limited", most_verified_bytes));
    }
}

/// Dense tensor peak of the whole chip in TFLOPS, from the shape of the array.
double peak_tflops(const GpuParameters& gpu, ElementType input, ElementType accumulator) {
    const double fma_per_cycle =
        double{1} * gpu.sm_count * gpu.sm.sub_cores *
        dense_multiply_adds_per_cycle(gpu.sm.tensor_core.dot_product_array, input, accumulator);
    return 2 * fma_per_cycle * gpu.clock_hz / 1e12;
}

/// Problems with fewer multiply-adds than this run in detail in about a second.
constexpr double small_problem = 2e9;

Method method_of(const GemmPlan& plan, const SimulationOptions& options) {
    if (options.scope != Scope::chip || options.verify || options.vcd || options.perfetto) return Method::exact;
    if (options.method != Method::automatic) return options.method;
    const GemmKernel& kernel = plan.kernel();
    const double multiply_adds =
        static_cast<double>(plan.multiplying_ctas() / plan.slices() * kernel.tile_m * kernel.tile_n) *
        static_cast<double>(plan.padded_k()) / (plan.sparse() ? 2 : 1);
    return multiply_adds < small_problem && !options.warm_l2 ? Method::exact : Method::sampled;
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

/// A launch at the clock that the power limit allows, or that the options lock.
class ChipRun {
  public:
    ChipRun(const GpuParameters& gpu, const GemmPlan& plan, const SimulationOptions& options)
        : gpu_(gpu), at_clock_(gpu), plan_(plan), options_(options), method_(method_of(plan, options)) {
        if (method_ == Method::sampled) profile_ = measure_profile(gpu, plan);
        if (options.clock_hz) {
            at_clock_.clock_hz = *options.clock_hz;
            run_ = run();
        } else {
            settle();
        }
    }

    [[nodiscard]] const KernelRun& outcome() const { return run_; }
    [[nodiscard]] double clock_hz() const { return at_clock_.clock_hz; }
    [[nodiscard]] double seconds() const { return gpu_.launch.latency_seconds + seconds_of(run_, clock_hz()); }
    [[nodiscard]] double energy() const { return energy_of(gpu_, activity_of(run_, plan_), clock_hz(), seconds()); }

  private:
    /// Runs at the clock that the limit allows for the activity of the run before it, until that is the clock it ran
    /// at. At a lower clock the memory is faster, in cycles, which changes the time and so the power; a run that hardly
    /// waits for data stays as it is.
    void settle() {
        constexpr int most_runs = 4;
        constexpr double hardly = 0.02;
        run_ = run();
        for (int runs = 1;; ++runs) {
            const double clock = settled_clock(gpu_, activity_of(run_, plan_), [&](double hz) {
                return gpu_.launch.latency_seconds + seconds_of(run_, hz);
            });
            if (clock == at_clock_.clock_hz) return;
            at_clock_.clock_hz = clock;
            const auto waiting = static_cast<double>(run_.account[TensorCoreState::global_data].value());
            if (runs == most_runs || waiting < hardly * static_cast<double>(run_.account.total().value())) return;
            run_ = run();
        }
    }

    KernelRun run() {
        if (method_ == Method::exact) return run_detailed(at_clock_, plan_, options_);
        return run_by_waves(at_clock_, plan_, *profile_, options_.warm_l2);
    }

    static double seconds_of(const KernelRun& run, double clock_hz) {
        return static_cast<double>(run.cycles.value()) / clock_hz;
    }

    const GpuParameters& gpu_;
    GpuParameters at_clock_;
    const GemmPlan& plan_;
    const SimulationOptions& options_;
    Method method_;
    std::optional<TileProfile> profile_;
    KernelRun run_;
};

void fill_rates(SimulationResult& result, const GpuParameters& gpu, bool sparse) {
    const GemmProblem& problem = result.problem;
    result.tflops = 2 * problem.fused_multiply_adds() / result.time_us / 1e6;
    result.dense_peak_tflops = peak_tflops(gpu, problem.input, problem.accumulator);
    result.sparse_peak_tflops = gpu.sm.tensor_core.sparse_path ? 2 * result.dense_peak_tflops : 0;
    result.tensor_utilization = result.tflops / (sparse ? result.sparse_peak_tflops : result.dense_peak_tflops);
}

SimulationResult simulate_kernel(const GpuDescription& gpu, const GemmProblem& problem, const GemmKernel& kernel,
                                 const SimulationOptions& options) {
    const GpuParameters& parameters = gpu.parameters;
    const GemmPlan plan(problem, kernel);
    SimulationResult result;
    result.problem = problem;
    result.gpu = gpu.name;
    result.kernel = kernel.name;
    result.scope = options.scope;
    result.clock_hz = options.clock_hz.value_or(parameters.clock_hz);
    KernelRun run;
    if (options.scope == Scope::chip) {
        const ChipRun chip(parameters, plan, options);
        run = chip.outcome();
        result.clock_hz = chip.clock_hz();
        result.launch_us = parameters.launch.latency_seconds * 1e6;
        result.energy_mj = chip.energy() * 1e3;
        result.average_power_w = chip.energy() / chip.seconds();
        result.l2_read_bytes = static_cast<double>(run.traffic.sm_read);
        result.hbm_read_bytes = run.traffic.hbm_read;
        result.hbm_written_bytes = run.traffic.hbm_written;
    } else {
        run = run_detailed(parameters, plan, options);
    }
    result.method = run.method;
    result.cycles = run.cycles;
    result.time_us = result.launch_us + static_cast<double>(run.cycles.value()) / result.clock_hz * 1e6;
    fill_rates(result, parameters, plan.sparse());
    result.tensor_cores = run.tensor_cores;
    result.account = run.account;
    result.bound_by = name_bound(result, parameters);
    result.counters = std::move(run.counters);
    result.simulated_ctas = run.simulated_ctas;
    result.total_ctas = plan.ctas();
    result.verification = std::move(run.verification);
    return result;
}

}  // namespace

void check_gemm(const GpuDescription& gpu, const GemmProblem& problem, const SimulationOptions& options) {
    if (problem.sparsity == Sparsity::two_four && !gpu.parameters.sm.tensor_core.sparse_path) {
        throw InputError({}, fmt::format("mma.sp for {} on {}", problem.name, gpu.name),
                         "a GPU whose tensor cores have a sparse path (sm.tensor_core.sparse_path)");
    }
    instruction_for(problem);
    check_alignment(problem);
    if (options.verify) check_verification_size(problem);
    if (options.kernel == "auto" || options.kernel == "best") {
        choose_kernel(problem, gpu.parameters);
        return;
    }
    const GemmPlan plan(problem, kernel_named(options.kernel));
    if (options.verify && plan.split()) {
        throw InputError({}, fmt::format("--verify with {}", options.kernel),
                         "a kernel that does not split k: the values of its second launch are not simulated");
    }
    if (const Residency residency = resident_ctas(plan.resources(), gpu.parameters.sm.residency); residency.ctas == 0) {
        throw InputError({}, fmt::format("kernel {} on {}", options.kernel, gpu.name),
                         fmt::format("one whose CTA fits on an SM (it is limited by {})", residency.limited_by));
    }
}

SimulationResult simulate_gemm(const GpuDescription& gpu, const GemmProblem& problem,
                               const SimulationOptions& options) {
    check_gemm(gpu, problem, options);
    if (options.kernel == "auto") {
        return simulate_kernel(gpu, problem, choose_kernel(problem, gpu.parameters, options.warm_l2), options);
    }
    if (options.kernel != "best") return simulate_kernel(gpu, problem, kernel_named(options.kernel), options);

    // Rank by simulation without values, then run the winner as asked.
    SimulationOptions timing = options;
    timing.verify = false;
    timing.vcd.reset();
    timing.perfetto.reset();
    std::optional<GemmKernel> fastest;
    double least = std::numeric_limits<double>::infinity();
    for (const GemmKernel& kernel : plausible_kernels(problem, gpu.parameters, options.warm_l2)) {
        const double time = simulate_kernel(gpu, problem, kernel, timing).time_us;
        if (time < least) {
            least = time;
            fastest = kernel;
        }
    }
    STCSIM_ASSERT(fastest.has_value());
    return simulate_kernel(gpu, problem, *fastest, options);
}

}  // namespace stcsim
