#include "ptx_timing/timed_launch.h"

#include <fmt/format.h>

#include "base/error.h"
#include "executor/float_environment.h"
#include "gpu/gpu.h"

namespace stcsim {
namespace {

constexpr std::size_t listed_warps = 16;

}  // namespace

TimedResult run_timed(const GpuParameters& gpu, const MachineProgram& program, const KernelLaunch& launch,
                      FindingSink& findings, const TimedOptions& options) {
    launch.check();
    const DefaultFloatEnvironment environment;
    TimedResult result;
    if (options.verify) result.verification = std::make_unique<MmaVerification>();
    PtxStream stream(program, launch, findings, gpu.sm_count, result.verification.get());
    GpuRunOptions run;
    run.ctas.count = launch.ctas();
    run.most_cycles = options.most_cycles;
    run.shuffle_seed = options.shuffle_seed;
    run.progress = options.progress;
    GpuRunResult outcome;
    try {
        outcome = run_gpu(gpu, stream, run);
    } catch (const DeadlockError& error) {
        throw KernelFault(fmt::format("{}: {}; where its warps stand:{}", launch.kernel->ptx().name, error.what(),
                                      stream.positions(listed_warps)));
    } catch (const CycleLimitError& error) {
        throw KernelFault(fmt::format("{}: {}; where its warps stand:{}", launch.kernel->ptx().name, error.what(),
                                      stream.positions(listed_warps)));
    }
    STCSIM_ASSERT(result.verification == nullptr || result.verification->under_way() == 0);
    result.cycles = outcome.cycles;
    result.time_us = static_cast<double>(outcome.cycles.value()) / gpu.clock_hz * 1e6;
    result.tensor_cores = outcome.tensor_cores;
    result.account = outcome.account;
    result.counters = std::move(outcome.counters);
    result.traffic = outcome.traffic;
    result.residency = resident_ctas(stream.resources(), gpu.sm.residency);
    const double most_warps = gpu.sm.residency.maximum_warps;
    result.occupancy = result.residency.ctas * launch.warps_per_cta() / most_warps;
    result.achieved_occupancy = static_cast<double>(stream.resident_warp_cycles().value()) /
                                (static_cast<double>(outcome.cycles.value()) * gpu.sm_count * most_warps);
    result.tallies = stream.tallies();
    for (const InstructionTally& tally : result.tallies) result.warp_instructions += tally.executed;
    return result;
}

}  // namespace stcsim
