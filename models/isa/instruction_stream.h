/// Where warp instructions come from. The machine never knows what kind of driver is behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/units.h"
#include "isa/obstacle.h"
#include "isa/warp_instruction.h"

namespace stcsim {

/// What a CTA of the launch needs, for residency.
struct CtaResources {
    std::uint32_t warps = 1;
    std::uint32_t registers_per_thread = 32;
    Bytes shared_memory{0};
};

/// The instructions of one warp, in program order.
class WarpStream {
  public:
    virtual ~WarpStream() = default;
    WarpStream() = default;
    WarpStream(const WarpStream&) = delete;
    WarpStream& operator=(const WarpStream&) = delete;

    /// Writes the next instruction. Asked once the previous one has issued, after a barrier once it is released; `now`
    /// is the current cycle. The last
    /// instruction of a warp is `exit`; the stream is not asked again after it.
    virtual void next(Cycle now, WarpInstruction& instruction) = 0;

    /// The instruction written last issues in cycle `now`: what it does to values that the stream keeps itself happens
    /// now. Comes before the next one is asked for.
    virtual void issued(Cycle now, const IssueWait& wait);

    /// Everything that the instructions to come depend on (base/machine_state.h). A stream that does not say it never
    /// repeats; nor may one whose instructions depend on values, or on the time.
    virtual void visit_state(StateVisitor& state);
};

/// A launch: a grid of CTAs with the same resources, each with its warps' instructions. Or two launches, one after the
/// other, whose CTAs are numbered through.
class InstructionStream {
  public:
    virtual ~InstructionStream() = default;
    InstructionStream() = default;
    InstructionStream(const InstructionStream&) = delete;
    InstructionStream& operator=(const InstructionStream&) = delete;

    [[nodiscard]] virtual std::uint64_t ctas() const = 0;
    /// The CTA with which a second launch begins, which starts when all CTAs before it have ended: the number of CTAs
    /// if there is only one launch.
    [[nodiscard]] virtual CtaIndex second_launch() const { return CtaIndex(ctas()); }
    [[nodiscard]] virtual CtaResources resources() const = 0;
    /// The instructions of warp `warp` (0-based) of a CTA. The stream object must outlive what it returns.
    [[nodiscard]] virtual std::unique_ptr<WarpStream> start_warp(CtaIndex cta, std::uint32_t warp) = 0;
    /// Whether the instructions of a warp never depend on what other SMs have done through the stream in the last few
    /// hundred cycles, and warps of different SMs may be asked by different threads at the same time.
    [[nodiscard]] virtual bool sms_are_independent() const { return false; }
    /// Called when a warp has ended, when values are simulated, with its registers as they are then.
    virtual void warp_ended(CtaIndex cta, std::uint32_t warp, std::span<const WarpRegister> registers);
};

}  // namespace stcsim
