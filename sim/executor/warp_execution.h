/// One warp of a running kernel: registers, control flow, and the execution of its instructions.
///
/// Lanes that part at a branch become fragments, each with its own position. The fragment whose position comes first in
/// DecodedKernel::priorities() runs, so that the others are met where the paths join; fragments at the same position
/// are one again. A fragment at a warp-wide instruction lets the lanes it needs arrive first. One that goes round in
/// circles lets others run from time to time: lanes that spin on a lock that another lane holds. Lanes that have called
/// functions on different ways meet again when they have returned; at shfl, vote, match, redux and bar.warp.sync, which
/// wait for the lanes of a mask, they meet inside.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/units.h"
#include "executor/decoded_kernel.h"
#include "isa/fragment.h"
#include "isa/warp_instruction.h"

namespace stcsim {

class CtaExecution;

/// What the lanes of a memory access touch. A generic access may concern several spaces at once.
struct StepAccess {
    std::uint32_t bytes_per_lane = 0;  ///< 0: no access
    bool writes = false;
    std::uint32_t global_lanes = 0;  ///< also of constant memory
    std::uint32_t shared_lanes = 0;
    std::uint32_t local_lanes = 0;
    std::uint32_t param_lanes = 0;
    /// Of active lanes: host addresses of global memory; offsets into the CTA's shared memory, the thread's local
    /// memory, the launch's arguments. ldmatrix: of the lanes that give row addresses.
    LaneOffsets addresses;
};

/// What a warp does next.
struct WarpStep {
    std::uint32_t number = 0;  ///< of the instruction in DecodedKernel::instructions()
    const DecodedInstruction* instruction = nullptr;
    std::uint32_t fragment = 0;  ///< lanes that are at this instruction
    std::uint32_t active = 0;    ///< of these, the lanes whose guard holds (branch: that take it)
    bool ended = false;          ///< the warp has no lanes left; nothing else counts
    StepAccess access;           ///< cp.async: the shared side
    /// cp.async: the global side; lanes that are active and not among its global_lanes are filled with zeros.
    StepAccess source;
};

/// Everything the handlers of instructions work on.
struct WarpState;

class WarpExecution {
  public:
    WarpExecution(CtaExecution& cta, std::uint32_t warp);
    ~WarpExecution();
    WarpExecution(const WarpExecution&) = delete;
    WarpExecution& operator=(const WarpExecution&) = delete;

    /// What the warp does next, all register operands being known. Changes nothing but which lanes run. Not to be
    /// called while waits_at_barrier(). The same until execute().
    const WarpStep& next();

    /// Performs what next() said: registers, memory, barrier arrival, the next position. `now` is what %clock reads.
    /// Memory is read and written at this moment; what cp.async copies is read now and appears in shared memory when
    /// its group is waited for.
    void execute(Cycle now);

    /// Between its arrival at a barrier of the CTA and the release.
    [[nodiscard]] bool waits_at_barrier() const;
    [[nodiscard]] bool ended() const;

    [[nodiscard]] std::uint32_t warp() const;
    [[nodiscard]] CtaExecution& cta() const;
    /// Where the warp stands, for messages: the instruction of its first fragment, or of the barrier it waits at.
    [[nodiscard]] const DecodedInstruction& position() const;

    /// The lanes of a kernel register of at most 32 bits; of a predicate 0 or 1.
    [[nodiscard]] WarpRegister value_of(std::uint32_t kernel_register) const;
    /// Of a 64-bit register.
    [[nodiscard]] std::array<std::uint64_t, warp_lanes> wide_value_of(std::uint32_t kernel_register) const;

    [[nodiscard]] WarpState& state() { return *state_; }
    /// For the handlers of barriers: the lanes that execute wait there. `threads`: expected, 0 for all of the CTA.
    void wait_at(std::uint8_t barrier, std::uint32_t threads);

  private:
    friend class CtaExecution;

    /// A call that has not returned.
    struct Frame {
        std::uint32_t return_to = 0;  ///< instruction number
        std::uint32_t function = 0;   ///< entry of DecodedKernel::functions()
        std::uint64_t base = 0;       ///< of its variables in local memory
        bool operator==(const Frame&) const = default;
    };

    /// Lanes at one position. `barrier`: the number of the barrier they wait at, or none.
    struct Fragment {
        static constexpr std::uint8_t no_barrier = 0xFF;
        std::uint32_t lanes = 0;
        std::uint32_t position = 0;
        std::uint32_t turns = 0;  ///< backward branches since another fragment ran
        std::uint8_t barrier = no_barrier;
        std::vector<Frame> frames;  ///< from the kernel upward
    };

    void select();
    [[nodiscard]] bool runs_before(const Fragment& a, const Fragment& b) const;
    [[nodiscard]] bool can_run(const Fragment& fragment) const;
    [[nodiscard]] std::uint32_t lanes_needed(const Fragment& fragment) const;
    /// Whether `other` executes the instruction of `fragment` together with it, though in another call of the function
    /// that both are in: it is one that waits for the lanes it names, wherever they were called from.
    [[nodiscard]] bool joins(const Fragment& other, const Fragment& fragment) const;
    /// The lanes of a fragment and of those that join it.
    [[nodiscard]] std::uint32_t lanes_together(const Fragment& fragment) const;
    void prepare_access();
    void advance();
    void merge();
    void take_branch(const DecodedInstruction& instruction);
    /// Lanes enter functions, or leave one (function_calls.cpp).
    void take_call(const DecodedInstruction& instruction);
    void take_return();
    [[nodiscard]] std::uint32_t called_function(const DecodedCall& call, std::uint32_t lane) const;
    [[nodiscard]] std::uint64_t frame_end(const Fragment& fragment) const;
    void enter(const DecodedCall& call, const DecodedFunction& function, std::uint64_t base, std::uint32_t lanes);
    void report_divergence();
    /// Arrives at the barrier of the CTA if all lanes wait there.
    void arrive_if_complete();
    /// Lanes end.
    void leave(std::uint32_t lanes);
    /// The barrier is complete; of a reduction, threads that took part and whose predicate held.
    void release(std::uint8_t barrier, std::uint32_t participants, std::uint32_t holding);

    std::unique_ptr<WarpState> state_;
    std::vector<Fragment> fragments_;
    std::size_t selected_ = 0;
    bool selected_divergent_ = false;  ///< it lacks lanes that its instruction needs, and nobody else can run
    bool prepared_ = false;
    bool arrived_ = false;                ///< at the barrier its lanes wait at
    std::uint32_t threads_expected_ = 0;  ///< there
    WarpStep step_;
};

}  // namespace stcsim
