/// WarpScheduler: issues the instructions of a sub-core's warps.
///
/// Overview: at most one instruction a cycle; greedy then youngest (arXiv 2503.20481): the warp that issued last goes
/// on while it can, else the youngest that can. An instruction can issue when its registers are free of pending writes
/// (and a load's destination of pending tensor-core reads), the queue of its unit has space, and its own condition
/// holds (cp.async groups, barrier, an arithmetic unit's interval). Arithmetic executes here; everything else leaves
/// through a channel, and its completion comes back through one.
///
/// It also notes, for the account of cycles, why no mma is issued.
/// Parameters: WarpSchedulerParameters.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/counters.h"
#include "base/registered_channel.h"
#include "isa/instruction_stream.h"
#include "sm/sm_messages.h"
#include "sm/sm_parameters.h"
#include "sm/warp_context.h"
#include "tensor_core/cycle_attribution.h"
#include "tensor_core/register_file.h"

namespace stcsim {

class WarpScheduler : public ClockedModule {
  public:
    /// Without `sparse_path` an mma.sp in the stream is an InputError.
    WarpScheduler(const sc_core::sc_module_name& name, Clock& clock, const WarpSchedulerParameters& parameters,
                  bool sparse_path, InstructionStream& stream, RegisterFile& registers, CycleAttribution& attribution);

    ReadPort<WarpLaunch> launches;
    WritePort<WarpExit> exits;
    WritePort<TensorOperationPointer> mma;
    WritePort<OtherReads> other_reads;  ///< to OperandFetch: registers that arithmetic reads
    ReadPort<TensorWriteback> mma_written;
    ReadPort<OperandsRead> operands_read;
    WritePort<SharedRequest> shared_requests;
    ReadPort<MemoryCompletion> shared_completions;
    WritePort<GlobalRequest> global_requests;
    ReadPort<MemoryCompletion> global_completions;
    WritePort<BarrierArrival> barrier_arrivals;
    ReadPort<BarrierRelease> barrier_releases;

    void report(CounterReport& report) const;
    void visit_state(StateVisitor& state) override;

  private:
    struct ArithmeticResult {
        Cycle ready;
        WarpSlot warp;
        RegisterRange destination;
    };

    void evaluate(Cycle now) override;
    void receive(Cycle now);
    /// The warp to issue from in cycle `at`, or null; `closest` is the smallest obstacle over the warps that still
    /// multiply.
    [[nodiscard]] WarpContext* choose(Cycle at, Obstacle& closest) const;
    /// Asks to be woken by whatever removes the obstacles the warps have now.
    void expect_progress();
    void start_warp(const WarpLaunch& launch, Cycle now);
    void complete(MemoryCompletion completion, Cycle now);
    [[nodiscard]] WarpContext& context(WarpSlot warp);

    [[nodiscard]] Obstacle obstacle_of(const WarpContext& warp, Cycle at) const;
    [[nodiscard]] Obstacle register_obstacle(const WarpContext& warp) const;
    [[nodiscard]] Obstacle unit_obstacle(const WarpContext& warp) const;
    void issue(WarpContext& warp, Cycle now);
    void issue_mma(WarpContext& warp, Cycle now);
    void issue_shared(WarpContext& warp);
    void issue_global(WarpContext& warp);
    void issue_arithmetic(WarpContext& warp, Cycle now);
    /// The result will be in the registers in cycle `ready`.
    void await_result(const ArithmeticResult& result);
    void convert_elements(WarpSlot warp, const WarpInstruction& next);
    void add_elements(WarpSlot warp, const WarpInstruction& next);
    void end_warp(WarpContext& warp);
    [[nodiscard]] Payload read_payload(const WarpContext& warp, RegisterRange range);
    static TensorCoreState state_for(Obstacle obstacle);

    WarpSchedulerParameters parameters_;
    bool sparse_path_;
    InstructionStream& stream_;
    RegisterFile& registers_;
    CycleAttribution& attribution_;
    std::vector<std::unique_ptr<WarpContext>> warps_;  ///< resident, youngest first
    std::deque<ArithmeticResult> arithmetic_results_;  ///< in order of readiness
    std::array<Cycle, arithmetic_units> unit_free_{};
    WarpContext* last_issued_ = nullptr;
    Cycle issue_free_{0};
    std::uint64_t operations_issued_ = 0;  ///< mma, for operand-read notices
    std::uint64_t operations_read_ = 0;
    std::array<std::uint64_t, operation_classes> issued_{};
    std::array<std::uint64_t, arithmetic_units> unit_operations_{};
};

}  // namespace stcsim
