#include "run/simulate.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "gpu/gpu.h"
#include "kernel/gemm_stream.h"
#include "kernel/kernel_choice.h"
#include "run/operands.h"
#include "run/timeline_export.h"
#include "sm/residency.h"
#include "tensor_core/datapath.h"

namespace stcsim {
namespace {

/// Cause names for people; in the order of TensorCoreState.
constexpr std::array<std::string_view, tensor_core_states> bound_names{
    "tensor core", "operands", "metadata", "shared memory", "global data", "barrier", "issue", "tail"};
/// A tensor core that is busy this much of the time is what bounds the run, whatever the rest went to.
constexpr double bound_by_tensor_core = 0.9;

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

/// The CTAs one SM runs: every sm_count-th, as the chip would hand them out if all SMs went at the same pace.
CtaSelection share_of_one_sm(std::uint64_t ctas, std::uint32_t sms) {
    return {.stride = sms, .count = ceil_divide<std::uint64_t>(ctas, sms)};
}

std::string name_bound(const TensorCoreAccount& account) {
    const auto total = static_cast<double>(account.total().value());
    if (static_cast<double>(account[TensorCoreState::busy].value()) >= bound_by_tensor_core * total) {
        return std::string(bound_names[0]);
    }
    const auto largest = std::max_element(account.cycles.begin() + 1, account.cycles.end());
    return std::string(bound_names[static_cast<std::size_t>(largest - account.cycles.begin())]);
}

/// Dense tensor peak of the whole chip in TFLOPS, from the shape of the array.
double peak_tflops(const GpuParameters& gpu, ElementType input, ElementType accumulator) {
    const double fma_per_cycle =
        double{1} * gpu.sm_count * gpu.sm.sub_cores *
        dense_multiply_adds_per_cycle(gpu.sm.tensor_core.dot_product_array, input, accumulator);
    return 2 * fma_per_cycle * gpu.clock_hz / 1e12;
}

SimulationResult simulate_kernel(const GpuDescription& gpu, const GemmProblem& problem, const GemmKernel& kernel,
                                 const SimulationOptions& options) {
    const GpuParameters& parameters = gpu.parameters;
    GemmStream stream(GemmPlan(problem, kernel), options.scope == Scope::core);
    const GemmPlan& plan = stream.plan();

    std::vector<OperandMatrices> operands;
    GlobalValues memory;
    if (options.verify) {
        operands = generate_operands(plan, options.seed);
        place_operands(plan, operands, memory);
        stream.move_values_through(memory);
    }
    Timeline timeline;
    GpuRunOptions run;
    run.one_sm = options.scope != Scope::chip;
    run.ctas = run.one_sm ? share_of_one_sm(plan.ctas(), parameters.sm_count) : CtaSelection{.count = plan.ctas()};
    if (run.one_sm) {
        run.sharing_sms = static_cast<std::uint32_t>(std::min<std::uint64_t>(parameters.sm_count, plan.ctas()));
        const Residency residency = resident_ctas(plan.resources(), parameters.sm.residency);
        run.shared_regions = plan.sharing(parameters.sm_count, residency.ctas);
    }
    run.memory = options.verify ? &memory : nullptr;
    run.timeline = options.vcd || options.perfetto ? &timeline : nullptr;
    run.shuffle_seed = options.shuffle_seed;
    run.progress = options.progress;
    const GpuRunResult outcome = run_gpu(parameters, stream, run);

    SimulationResult result;
    result.problem = problem;
    result.gpu = gpu.name;
    result.kernel = kernel.name;
    result.scope = options.scope;
    result.cycles = outcome.cycles;
    result.time_us = static_cast<double>(outcome.cycles.value()) / parameters.clock_hz * 1e6;
    result.tflops = 2 * problem.fused_multiply_adds() / result.time_us / 1e6;
    result.dense_peak_tflops = peak_tflops(parameters, problem.input, problem.accumulator);
    result.sparse_peak_tflops = parameters.sm.tensor_core.sparse_path ? 2 * result.dense_peak_tflops : 0;
    result.tensor_utilization = result.tflops / (plan.sparse() ? result.sparse_peak_tflops : result.dense_peak_tflops);
    result.tensor_cores = outcome.tensor_cores;
    result.account = outcome.account;
    result.bound_by = name_bound(outcome.account);
    result.counters = outcome.counters;
    result.simulated_ctas = run.ctas.count;
    result.total_ctas = plan.ctas();

    if (options.verify) {
        if (const CtaSelection rest = rest_of(run.ctas, plan.ctas()); rest.count > 0) {
            // The other SMs' CTAs, for their values only: the cycles above are of the SM's own share.
            GpuRunOptions values = run;
            values.ctas = rest;
            values.timeline = nullptr;
            run_gpu(parameters, stream, values);
        }
        result.verification = verify_result(plan, operands, memory);
    }
    if (options.vcd) write_vcd(timeline, result.cycles, parameters.sm.sub_cores, *options.vcd);
    if (options.perfetto) write_perfetto(timeline, parameters.clock_hz, parameters.sm.sub_cores, *options.perfetto);
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
        return simulate_kernel(gpu, problem, choose_kernel(problem, gpu.parameters), options);
    }
    if (options.kernel != "best") return simulate_kernel(gpu, problem, kernel_named(options.kernel), options);

    // Rank by simulation without values, then run the winner as asked.
    SimulationOptions timing = options;
    timing.verify = false;
    timing.vcd.reset();
    timing.perfetto.reset();
    const GemmKernel* fastest = nullptr;
    Cycle least = never;
    for (const GemmKernel* kernel : plausible_kernels(problem, gpu.parameters)) {
        const Cycle cycles = simulate_kernel(gpu, problem, *kernel, timing).cycles;
        if (cycles < least) {
            least = cycles;
            fastest = kernel;
        }
    }
    STCSIM_ASSERT(fastest != nullptr);
    return simulate_kernel(gpu, problem, *fastest, options);
}

}  // namespace stcsim
