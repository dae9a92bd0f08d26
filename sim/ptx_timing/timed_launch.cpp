#include "ptx_timing/timed_launch.h"

#include <algorithm>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/error.h"
#include "executor/float_environment.h"
#include "executor/functional_run.h"
#include "gpu/gpu.h"

namespace stcsim {
namespace {

constexpr std::size_t listed_warps = 16;

/// The CTAs of the other SMs where one is timed: as many at once as these hold.
FunctionalOptions other_ctas(const GpuParameters& gpu, const Residency& residency, const TimedOptions& options) {
    FunctionalOptions others;
    others.max_warp_instructions = options.most_cycles.value();
    others.resident_ctas = residency.ctas * (gpu.sm_count - 1);
    others.left_out_stride = gpu.sm_count;
    others.sms = gpu.sm_count;
    return others;
}

GpuRunOptions gpu_options(const GpuParameters& gpu, std::uint64_t ctas, const TimedOptions& options) {
    GpuRunOptions run;
    run.ctas.count = ctas;
    if (options.one_sm) {
        run.one_sm = true;
        run.sharing_sms = static_cast<std::uint32_t>(std::min<std::uint64_t>(gpu.sm_count, ctas));
        run.ctas = {.stride = gpu.sm_count, .count = ceil_divide<std::uint64_t>(ctas, gpu.sm_count)};
    }
    run.most_cycles = options.most_cycles;
    run.shuffle_seed = options.shuffle_seed;
    run.progress = options.progress;
    return run;
}

GpuRunResult run_stream(const GpuParameters& gpu, PtxStream& stream, const GpuRunOptions& run,
                        const std::string& kernel) {
    const auto with_positions = [&](const std::exception& error) {
        return KernelFault(
            fmt::format("{}: {}; where its warps stand:{}", kernel, error.what(), stream.positions(listed_warps)));
    };
    try {
        return run_gpu(gpu, stream, run);
    } catch (const DeadlockError& error) {
        throw with_positions(error);
    } catch (const CycleLimitError& error) {
        throw with_positions(error);
    }
}

/// What the launch executed: the stream, and the CTAs that ran beside it.
void count_instructions(const PtxStream& stream, const FunctionalCtas* beside, TimedResult& result) {
    result.tallies = stream.tallies();
    result.executed.resize(result.tallies.size());
    for (std::size_t i = 0; i < result.executed.size(); ++i) {
        result.executed[i] = result.tallies[i].executed + (beside != nullptr ? beside->result().executed[i] : 0);
        result.warp_instructions += result.executed[i];
    }
}

}  // namespace

TimedResult run_timed(const GpuParameters& gpu, const MachineProgram& program, const KernelLaunch& launch,
                      FindingSink& findings, const TimedOptions& options) {
    launch.check();
    const DefaultFloatEnvironment environment;
    const GpuRunOptions run = gpu_options(gpu, launch.ctas(), options);
    TimedResult result;
    result.residency = resident_ctas(cta_resources(program, launch), gpu.sm.residency);
    if (options.verify) result.verification = std::make_unique<MmaVerification>();
    PtxStream::Options parts{.sms = gpu.sm_count, .verification = result.verification.get()};
    std::optional<FunctionalCtas> others;
    if (options.one_sm) {
        others.emplace(launch, findings, other_ctas(gpu, result.residency, options));
        parts.beside = &*others;
        parts.beside_instructions = run.sharing_sms - 1;
    }
    PtxStream stream(program, launch, findings, parts);
    GpuRunResult outcome = run_stream(gpu, stream, run, launch.kernel->ptx().name);
    if (others) others->finish();
    STCSIM_ASSERT(result.verification == nullptr || result.verification->under_way() == 0);
    result.cycles = outcome.cycles;
    result.time_us = static_cast<double>(outcome.cycles.value()) / gpu.clock_hz * 1e6;
    result.tensor_cores = outcome.tensor_cores;
    result.account = outcome.account;
    result.counters = std::move(outcome.counters);
    result.traffic = outcome.traffic;
    result.timed_ctas = run.ctas.count;
    const double most_warps = gpu.sm.residency.maximum_warps;
    const double sms = options.one_sm ? 1 : gpu.sm_count;
    result.occupancy = result.residency.ctas * launch.warps_per_cta() / most_warps;
    result.achieved_occupancy = static_cast<double>(stream.resident_warp_cycles().value()) /
                                (static_cast<double>(outcome.cycles.value()) * sms * most_warps);
    count_instructions(stream, parts.beside, result);
    return result;
}

}  // namespace stcsim
