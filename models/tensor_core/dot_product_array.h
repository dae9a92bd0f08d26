/// DotProductArray: rows x columns dot-product units working through instructions step by step.
///
/// Overview: a step multiplies one block of stored elements of A with (selected) elements of B for rows x columns
/// elements of D. An instruction holds the array for its steps, longer if its select lines come more slowly; the next
/// one may wait in the operand latch. Sums are ready `pipeline_depth` after the last step; each chained pass adds what
/// of `pass_chain_latency` its predecessor's steps do not hide.
/// Parameters: DotProductArrayParameters. Notes what it executes in the account of cycles.
#pragma once

#include "base/counters.h"
#include "base/registered_channel.h"
#include "tensor_core/cycle_attribution.h"
#include "tensor_core/datapath.h"
#include "tensor_core/tensor_core_parameters.h"
#include "tensor_core/tensor_operation.h"
#include "tensor_core/timeline.h"

namespace stcsim {

class DotProductArray : public ClockedModule {
  public:
    /// `number` names the tensor core in the timeline, which may be null.
    DotProductArray(const sc_core::sc_module_name& name, Clock& clock, const DotProductArrayParameters& parameters,
                    CycleAttribution& attribution, Timeline* timeline, std::uint32_t number);

    ReadPort<TensorOperationPointer> fetched;   ///< dense operations, from OperandFetch
    ReadPort<TensorOperationPointer> selected;  ///< mma.sp, from InputSelector; unbound without a sparse path
    WritePort<TensorOperationPointer> to_accumulator;

    void report(CounterReport& report) const;
    void visit_state(StateVisitor& state) override;

  private:
    void evaluate(Cycle now) override;
    [[nodiscard]] ReadPort<TensorOperationPointer>* older_input();
    const ArraySchedule& schedule_of(const MmaInstruction& instruction);

    DotProductArrayParameters parameters_;
    CycleAttribution& attribution_;
    Timeline* timeline_;
    std::uint32_t number_;
    const MmaInstruction* scheduled_ = nullptr;  ///< what `schedule_` is for: programs repeat one instruction
    ArraySchedule schedule_{};
    Cycle latch_free_{0};  ///< the operand latch holds an operation that starts in this cycle
    Cycle array_free_{0};
    std::uint64_t instructions_ = 0;
    std::uint64_t fused_multiply_adds_ = 0;
    std::uint64_t multiplications_ = 0;
    Cycle steps_{0};
};

}  // namespace stcsim
