/// A PTX launch as warp instructions for the machine.
///
/// The machine decides when an instruction issues; in that cycle the executor performs it. Values, control flow and
/// %clock follow the machine's time, the machine's time follows the addresses and branches of the executor.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "executor/cta_execution.h"
#include "executor/functional_run.h"
#include "isa/instruction_stream.h"
#include "ptx_timing/device_addresses.h"
#include "ptx_timing/lane_patterns.h"
#include "ptx_timing/machine_program.h"
#include "ptx_timing/mma_verification.h"

namespace stcsim {

/// What happened to one instruction of the kernel.
struct InstructionTally {
    std::uint64_t executed = 0;             ///< warp instructions
    std::array<Cycle, obstacles> waited{};  ///< at the head of their warps, by the last obstacle
    [[nodiscard]] Cycle total_wait() const;
};

/// What a CTA of the launch needs of an SM.
CtaResources cta_resources(const MachineProgram& program, const KernelLaunch& launch);

class PtxStream : public InstructionStream {
  public:
    struct Options {
        std::uint32_t sms = 1;                    ///< of the GPU
        MmaVerification* verification = nullptr;  ///< if set, values of mma go through the machine too
        /// The CTAs of SMs that are not simulated, if they are to run beside those that are.
        FunctionalCtas* beside = nullptr;
        std::uint64_t beside_instructions = 0;  ///< that they execute for each one that is timed
    };
    /// Program, launch, findings and what the options point at must outlive it.
    PtxStream(const MachineProgram& program, const KernelLaunch& launch, FindingSink& findings, const Options& options);
    ~PtxStream() override;

    [[nodiscard]] std::uint64_t ctas() const override;
    [[nodiscard]] CtaResources resources() const override;
    [[nodiscard]] std::unique_ptr<WarpStream> start_warp(CtaIndex cta, std::uint32_t warp) override;

    /// Per instruction of the decoded kernel.
    [[nodiscard]] const std::vector<InstructionTally>& tallies() const { return tallies_; }
    /// Cycles that warps were resident, summed over the warps.
    [[nodiscard]] Cycle resident_warp_cycles() const { return resident_warp_cycles_; }
    /// Where each warp that has started and not ended stands, one per line, at most `most` of them.
    [[nodiscard]] std::string positions(std::size_t most) const;

  private:
    class Warp;

    /// An instruction has been performed: the other SMs go on meanwhile.
    void advance_beside(Cycle now);

    struct RunningCta {
        std::unique_ptr<CtaExecution> execution;
        std::uint32_t ended_warps = 0;
    };

    const MachineProgram& program_;
    const KernelLaunch& launch_;
    FindingSink& findings_;
    Options options_;
    std::uint64_t owed_beside_ = 0;  ///< instructions that `beside` has not been given yet
    std::map<CtaIndex, RunningCta> running_;
    LanePatterns patterns_;
    DeviceAddresses addresses_;
    std::vector<InstructionTally> tallies_;
    Cycle resident_warp_cycles_{0};
};

}  // namespace stcsim
