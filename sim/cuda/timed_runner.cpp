#include "cuda/timed_runner.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include "ptx_timing/timed_launch.h"

namespace stcsim {
namespace {

std::uint64_t whole(double bytes) {
    return static_cast<std::uint64_t>(bytes);
}

/// The instruction that warps waited longest in front of, and for what most of it.
std::optional<HottestStall> hottest_stall(const TimedResult& result, const DecodedKernel& kernel) {
    const auto hottest = std::ranges::max_element(result.tallies, {}, &InstructionTally::total_wait);
    if (hottest == result.tallies.end() || hottest->total_wait() == Cycle(0)) return std::nullopt;
    const auto number = static_cast<std::size_t>(hottest - result.tallies.begin());
    const PtxInstruction& ptx = *kernel.instructions()[number].ptx;
    HottestStall stall;
    stall.place = code_place(kernel.module(), ptx.where, ptx.source, ptx.name());
    const auto cause = std::ranges::max_element(hottest->waited) - hottest->waited.begin();
    stall.cause = obstacle_names[static_cast<std::size_t>(cause)];
    stall.warp_cycles = hottest->total_wait().value();
    return stall;
}

TimedLaunch timed_part(const TimedResult& result, const DecodedKernel& kernel) {
    TimedLaunch timed;
    timed.cycles = result.cycles;
    timed.time_us = result.time_us;
    for (std::size_t i = 0; i < tensor_core_states; ++i) {
        timed.account.push_back({std::string(tensor_core_state_names[i]), result.account.cycles[i].value()});
    }
    timed.achieved_occupancy = result.achieved_occupancy;
    timed.bank_conflicts = result.counters.at("sm.shared_memory.conflict_wavefronts");
    timed.bytes = {{"sm read", result.traffic.sm_read},
                   {"sm written", result.traffic.sm_written},
                   {"hbm read", whole(result.traffic.hbm_read)},
                   {"hbm written", whole(result.traffic.hbm_written)}};
    timed.hottest_stall = hottest_stall(result, kernel);
    return timed;
}

}  // namespace

KernelRunner timed_runner(const GpuParameters& gpu, std::uint64_t most_cycles) {
    return [gpu, most_cycles](const KernelLaunch& launch, FindingSink& findings, LaunchReport& report) {
        const DecodedKernel& kernel = *launch.kernel;
        const MachineProgram program(kernel, report.registers);
        TimedOptions options;
        options.most_cycles = Cycle(most_cycles);
        const TimedResult result = run_timed(gpu, program, launch, findings, options);
        report.warp_instructions = result.warp_instructions;
        report.ctas_per_sm = result.residency.ctas;
        report.occupancy = result.occupancy;
        std::map<std::string, std::uint64_t> mix;
        for (std::size_t i = 0; i < result.tallies.size(); ++i) {
            if (result.tallies[i].executed > 0) mix[kernel.instructions()[i].ptx->name()] += result.tallies[i].executed;
        }
        for (const auto& [name, count] : mix) report.instruction_mix.push_back({name, count});
        std::ranges::stable_sort(report.instruction_mix, std::greater<>(), &NamedCount::count);
        report.timed = timed_part(result, kernel);
    };
}

}  // namespace stcsim
