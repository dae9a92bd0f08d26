#include <algorithm>

#include "gpu/gpu.h"
#include "kernel/gemm_stream.h"
#include "run/kernel_run.h"
#include "run/operands.h"
#include "run/timeline_export.h"
#include "sm/residency.h"

namespace stcsim {
namespace {

/// The CTAs one SM runs: every sm_count-th, as the chip would hand them out if all SMs went at the same pace.
CtaSelection share_of_one_sm(std::uint64_t ctas, std::uint32_t sms) {
    return {.stride = sms, .count = ceil_divide<std::uint64_t>(ctas, sms)};
}

GpuRunOptions gpu_options(const GpuParameters& gpu, const GemmPlan& plan, const SimulationOptions& options) {
    GpuRunOptions run;
    run.one_sm = options.scope != Scope::chip;
    run.ctas = run.one_sm ? share_of_one_sm(plan.ctas(), gpu.sm_count) : CtaSelection{.count = plan.ctas()};
    if (run.one_sm) {
        run.sharing_sms = static_cast<std::uint32_t>(std::min<std::uint64_t>(gpu.sm_count, plan.ctas()));
        const Residency residency = resident_ctas(plan.resources(), gpu.sm.residency);
        run.shared_regions = plan.sharing(gpu.sm_count, residency.ctas);
    }
    // All SMs behind the memory never repeat (models/README.md), and looking for it takes a single thread.
    run.skip_repetition = options.skip && run.one_sm;
    run.threads = options.threads;
    run.shuffle_seed = options.shuffle_seed;
    run.progress = options.progress;
    return run;
}

}  // namespace

SimulationOptions without_values(SimulationOptions options) {
    options.verify = false;
    options.vcd.reset();
    options.perfetto.reset();
    return options;
}

KernelRun run_detailed(const GpuParameters& gpu, const GemmPlan& launch, const SimulationOptions& options,
                       MemoryHierarchy* contents) {
    GemmStream stream(launch, options.scope == Scope::core);
    const GemmPlan& plan = stream.plan();
    std::vector<OperandMatrices> operands;
    GlobalValues memory;
    if (options.verify) {
        operands = generate_operands(plan, options.seed);
        place_operands(plan, operands, memory);
        stream.move_values_through(memory);
    }
    Timeline timeline;
    GpuRunOptions run = gpu_options(gpu, plan, options);
    run.contents = contents;
    run.memory = options.verify ? &memory : nullptr;
    run.timeline = options.vcd || options.perfetto ? &timeline : nullptr;
    const GpuRunResult outcome = run_gpu(gpu, stream, run);

    KernelRun result{.method = Method::exact,
                     .cycles = outcome.cycles,
                     .skipped_cycles = outcome.skipped_cycles,
                     .tensor_cores = outcome.tensor_cores,
                     .account = outcome.account,
                     .counters = outcome.counters,
                     .traffic = outcome.traffic,
                     .simulated_ctas = run.ctas.count,
                     .verification = std::nullopt};
    if (options.verify) {
        if (const CtaSelection rest = rest_of(run.ctas, plan.ctas()); rest.count > 0) {
            // The other SMs' CTAs, for their values only: the cycles above are of the SM's own share. A second launch
            // needs those of the whole first one.
            GpuRunOptions values = run;
            values.ctas = plan.split() ? CtaSelection{.count = plan.ctas()} : rest;
            values.timeline = nullptr;
            run_gpu(gpu, stream, values);
        }
        result.verification = verify_result(plan, operands, memory);
    }
    if (options.vcd) write_vcd(timeline, outcome.cycles, gpu.sm.sub_cores, *options.vcd);
    if (options.perfetto) write_perfetto(timeline, gpu.clock_hz, gpu.sm.sub_cores, *options.perfetto);
    return result;
}

}  // namespace stcsim
