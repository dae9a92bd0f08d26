/// Accumulator: takes the sums, rounds them to D's type and writes D's registers.
///
/// Overview: in order, `write_ports` registers a cycle; the scoreboard hears of the write `latency` cycles and the
/// channel's one later. The rounding itself is part of each pass's fused dot product (its published numeric behaviour
/// rounds per pass), so here the values are packed into registers.
/// Parameters: AccumulatorParameters.
#pragma once

#include "base/counters.h"
#include "base/registered_channel.h"
#include "tensor_core/register_file.h"
#include "tensor_core/tensor_core_parameters.h"
#include "tensor_core/tensor_operation.h"

namespace stcsim {

class Accumulator : public ClockedModule {
  public:
    Accumulator(const sc_core::sc_module_name& name, Clock& clock, const AccumulatorParameters& parameters,
                RegisterFile& registers);

    ReadPort<TensorOperationPointer> sums;  ///< from DotProductArray
    WritePort<TensorWriteback> written;     ///< to the warp scheduler

    void report(CounterReport& report) const;
    void visit_state(StateVisitor& state) override { state.due(ports_free_); }

  private:
    void evaluate(Cycle now) override;
    void write_values(const TensorOperation& operation, const std::vector<LaneValues>& d);

    AccumulatorParameters parameters_;
    RegisterFile& registers_;
    Cycle ports_free_{0};
    std::uint64_t register_writes_ = 0;
};

}  // namespace stcsim
