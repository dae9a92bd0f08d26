#include "cuda/timed_runner.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cuda/finding_reports.h"
#include "cuda/instruction_mix.h"
#include "ptx_timing/kernel_schedule.h"
#include "ptx_timing/machine_program.h"
#include "ptx_timing/timed_launch.h"

namespace stcsim {
namespace {

std::uint64_t whole(double bytes) {
    return static_cast<std::uint64_t>(bytes);
}

CodePlace place_of(const DecodedKernel& kernel, std::size_t number) {
    const PtxInstruction& ptx = *kernel.instructions()[number].ptx;
    return code_place(kernel.module(), ptx.where, ptx.source, ptx.name());
}

VerificationReport report_of(const MmaVerification& verification, const DecodedKernel& kernel) {
    VerificationReport report;
    report.mma = verification.instructions();
    report.elements = verification.elements();
    report.equal = verification.equal();
    if (const auto& first = verification.first_difference()) {
        report.first_difference = DifferenceReport{.place = place_of(kernel, first->instruction),
                                                   .cta = first->cta.value(),
                                                   .warp = first->warp,
                                                   .lane = first->lane.value(),
                                                   .row = first->element.row,
                                                   .column = first->element.column,
                                                   .modules = first->modules,
                                                   .numerics = first->numerics};
    }
    for (const auto& [what, count] : verification.not_compared()) {
        report.not_compared.push_back({place_of(kernel, what.first), what.second, count});
    }
    return report;
}

/// The instruction that warps waited longest in front of, and for what most of it.
std::optional<HottestStall> hottest_stall(const TimedResult& result, const DecodedKernel& kernel) {
    const auto hottest = std::ranges::max_element(result.tallies, {}, &InstructionTally::total_wait);
    if (hottest == result.tallies.end() || hottest->total_wait() == Cycle(0)) return std::nullopt;
    const auto number = static_cast<std::size_t>(hottest - result.tallies.begin());
    HottestStall stall;
    stall.place = place_of(kernel, number);
    const auto cause = std::ranges::max_element(hottest->waited) - hottest->waited.begin();
    stall.cause = obstacle_names[static_cast<std::size_t>(cause)];
    stall.warp_cycles = hottest->total_wait().value();
    return stall;
}

TimedLaunch timed_part(const TimedResult& result, const DecodedKernel& kernel, Bytes sector_bytes) {
    TimedLaunch timed;
    timed.cycles = result.cycles;
    timed.time_us = result.time_us;
    for (std::size_t i = 0; i < tensor_core_states; ++i) {
        timed.account.push_back({std::string(tensor_core_state_names[i]), result.account.cycles[i].value()});
    }
    timed.achieved_occupancy = result.achieved_occupancy;
    timed.bank_conflicts = result.counters.at("sm.shared_memory.conflict_wavefronts");
    const std::uint64_t sector = sector_bytes.value();
    timed.bytes = {{"l1 hit", result.counters.at("sm.l1.hit_sectors") * sector},
                   {"l1 merged", result.counters.at("sm.l1.merged_sectors") * sector},
                   {"l1 missed", result.counters.at("sm.l1.missed_sectors") * sector},
                   {"sm read", result.traffic.sm_read},
                   {"sm written", result.traffic.sm_written},
                   {"sm atomic", result.traffic.sm_atomic},
                   {"hbm read", whole(result.traffic.hbm_read)},
                   {"hbm written", whole(result.traffic.hbm_written)}};
    timed.hottest_stall = hottest_stall(result, kernel);
    if (result.verification) timed.verification = report_of(*result.verification, kernel);
    return timed;
}

/// A kernel that is run on the machine.
class TimedKernel : public ReadyKernel {
  public:
    TimedKernel(const GpuParameters& gpu, const LaunchSettings& settings, DecodedKernel decoded,
                std::uint32_t registers)
        : gpu_(gpu), decoded_(std::move(decoded)), program_(decoded_, registers) {
        options_.most_cycles = Cycle(settings.max_cycles);
        options_.verify = settings.verify;
        options_.one_sm = settings.scope == LaunchScope::sm;
    }

    [[nodiscard]] const DecodedKernel& decoded() const override { return decoded_; }
    [[nodiscard]] std::uint32_t registers() const override { return program_.registers_per_thread(); }

    void run(const KernelLaunch& launch, FindingSink& findings, LaunchReport& report) override {
        const TimedResult result = run_timed(gpu_, program_, launch, findings, options_);
        report.warp_instructions = result.warp_instructions;
        report.ctas_per_sm = result.residency.ctas;
        report.occupancy = result.occupancy;
        report.instruction_mix = instruction_mix(decoded_, result.executed);
        report.timed = timed_part(result, decoded_, gpu_.memory.l2.sector);
        if (options_.one_sm) report.timed->timed_ctas = result.timed_ctas;
    }

  private:
    const GpuParameters gpu_;
    DecodedKernel decoded_;
    MachineProgram program_;
    TimedOptions options_;
};

}  // namespace

KernelPreparation timed_preparation(const GpuParameters& gpu, const LaunchSettings& settings, RegisterCount registers) {
    return [gpu, settings, registers = std::move(registers)](const PtxModule& module, PtxKernel& kernel) {
        DecodedKernel decoded = DecodedKernel::decode(module, kernel);
        const std::uint32_t per_thread = registers(decoded.ptx());
        if (settings.order == InstructionOrder::scheduled) {
            const std::vector<std::uint32_t> order = scheduled_order(decoded, per_thread, gpu);
            decoded = reordered(std::move(decoded), kernel, order);
        }
        return std::make_unique<TimedKernel>(gpu, settings, std::move(decoded), per_thread);
    };
}

}  // namespace stcsim
