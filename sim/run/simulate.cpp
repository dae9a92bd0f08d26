#include "run/simulate.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "kernel/kernel_choice.h"
#include "run/bounds.h"
#include "run/chip_run.h"
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

void fill_rates(SimulationResult& result, const GpuParameters& gpu, bool sparse) {
    const GemmProblem& problem = result.problem;
    result.tflops = 2 * problem.fused_multiply_adds() / result.time_us / 1e6;
    result.dense_peak_tflops = peak_tflops(gpu, problem.input, problem.accumulator);
    result.sparse_peak_tflops = gpu.sm.tensor_core.sparse_path ? 2 * result.dense_peak_tflops : 0;
    result.tensor_utilization = result.tflops / (sparse ? result.sparse_peak_tflops : result.dense_peak_tflops);
}

/// Throws for what the kernels that divide k, or the numbers of their CTAs, do not allow.
void check_divided_k(const GemmPlan& plan, const SimulationOptions& options) {
    const std::string& name = plan.kernel().name;
    if (plan.waits() && options.scope == Scope::sm) {
        throw InputError({}, fmt::format("--scope sm with {}", name),
                         "--scope chip: its CTAs wait for those of other SMs (or --scope core, without memory)");
    }
    if (plan.waits() && options.warm_l2) {
        throw InputError({}, fmt::format("--l2 warm with {}", name),
                         "--l2 cold: kernels whose CTAs wait for each other are simulated exactly, from a cold L2");
    }
    if ((plan.split() || plan.waits()) && options.scope == Scope::core && options.verify) {
        throw InputError({}, fmt::format("--verify --scope core with {}", name),
                         "a kernel that does not divide k, or --scope chip: partial sums meet in memory");
    }
}

/// Account, roofline and bound of a result that has everything else.
void explain(SimulationResult& result, const GpuParameters& gpu, const GemmPlan& plan, const KernelRun& run,
             const SimulationOptions& options) {
    const bool chip = options.scope == Scope::chip;
    const auto cycles = static_cast<double>(run.cycles.value());
    const double gap = plan.split() ? static_cast<double>(gpu.cta_scheduler.launch_gap.value()) / cycles : 0;
    result.account = run.account;
    result.time_account = account_of_time({.account = run.account,
                                           .read_time = run.traffic.read_time,
                                           .kernel_seconds = cycles / result.clock_hz,
                                           .launch_seconds = result.launch_us / 1e6,
                                           .launch_gap_share = chip ? gap : 0,
                                           .clock_ratio = options.clock_hz ? 1 : result.clock_hz / gpu.clock_hz});
    result.bound_by = name_bound(result);
    if (!chip) return;
    result.roofline = roofline_of(gpu, 2 * result.problem.fused_multiply_adds(), result.l2_read_bytes,
                                  result.hbm_read_bytes + result.hbm_written_bytes, result.tflops,
                                  plan.sparse() ? result.sparse_peak_tflops : result.dense_peak_tflops);
}

SimulationResult simulate_kernel(const GpuDescription& gpu, const GemmProblem& problem, const GemmKernel& kernel,
                                 const SimulationOptions& options) {
    const GpuParameters& parameters = gpu.parameters;
    const GemmPlan plan(problem, with_one_wave(kernel, problem, parameters));
    check_divided_k(plan, options);
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
    result.skipped_cycles = run.skipped_cycles;
    result.time_us = result.launch_us + static_cast<double>(run.cycles.value()) / result.clock_hz * 1e6;
    fill_rates(result, parameters, plan.sparse());
    result.tensor_cores = run.tensor_cores;
    explain(result, parameters, plan, run, options);
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
    const GemmPlan plan(problem, with_one_wave(kernel_named(options.kernel), problem, gpu.parameters));
    check_divided_k(plan, options);
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

    // Rank by simulation without values, then run the winner as asked if that is more.
    const SimulationOptions timing = without_values(options);
    std::optional<GemmKernel> fastest;
    SimulationResult result;
    for (const GemmKernel& kernel : plausible_kernels(problem, gpu.parameters, options.warm_l2)) {
        SimulationResult timed = simulate_kernel(gpu, problem, kernel, timing);
        if (fastest && timed.time_us >= result.time_us) continue;
        result = std::move(timed);
        fastest = kernel;
    }
    STCSIM_ASSERT(fastest.has_value());
    const bool asks_for_more = options.verify || options.vcd || options.perfetto;
    return asks_for_more ? simulate_kernel(gpu, problem, *fastest, options) : result;
}

}  // namespace stcsim
