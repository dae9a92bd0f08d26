/// The instruction stream of a GEMM: a CUTLASS-style multistage main loop.
///
///     copy the first stages - 1 k-tiles; wait for the first; barrier; load fragments of its first k-group
///     for each k-tile:
///         for each k-group: multiply; meanwhile load the next group's fragments and copy the k-tile `stages - 1`
///         ahead; before the last group: commit the copies, wait for the next k-tile, barrier
///     exchange D through shared memory, store it in rows as long as the warp's tile
///
/// Where several CTAs work on a tile: before the exchange wait for the semaphore of each that the CTA adds up, and load
/// and add its sums; behind the last store of sums that others wait for, raise the CTA's own. A CTA of Stream-K goes
/// through all of this once for each of its tiles. Such a stream runs once: semaphores stay raised.
#pragma once

#include <memory>
#include <vector>

#include "isa/instruction_stream.h"
#include "kernel/gemm_plan.h"
#include "kernel/reduction_stream.h"
#include "kernel/register_operands.h"
#include "kernel/semaphores.h"
#include "kernel/warp_program.h"

namespace stcsim {

class GemmStream : public InstructionStream {
  public:
    /// `operands_in_registers` leaves out everything but the mma.
    GemmStream(GemmPlan plan, bool operands_in_registers);

    [[nodiscard]] std::uint64_t ctas() const override { return plan_.ctas(); }
    [[nodiscard]] CtaIndex second_launch() const override { return CtaIndex(plan_.multiplying_ctas()); }
    [[nodiscard]] CtaResources resources() const override { return plan_.resources(); }
    /// Others' semaphores are seen no sooner than a read's time has passed (kernel/semaphores.h).
    [[nodiscard]] bool sms_are_independent() const override { return true; }
    [[nodiscard]] std::unique_ptr<WarpStream> start_warp(CtaIndex cta, std::uint32_t warp) override;

    void warp_ended(CtaIndex cta, std::uint32_t warp, std::span<const WarpRegister> registers) override;

    /// Values are simulated and lie in `memory`. With operands in registers the stream provides them, and stores D from
    /// the accumulators when a warp ends.
    void move_values_through(GlobalValues& memory);

    [[nodiscard]] const GemmPlan& plan() const { return plan_; }

  private:
    GemmPlan plan_;
    ReductionOffsets reduction_offsets_;
    Semaphores semaphores_;  ///< of a plan whose CTAs wait for each other
    bool operands_in_registers_;
    std::vector<std::unique_ptr<WarpProgram>> programs_;   ///< per warp of a CTA
    std::unique_ptr<RegisterOperands> register_operands_;  ///< with operands in registers and values
};

}  // namespace stcsim
