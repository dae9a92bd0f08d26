/// InputSelector: the multiplexers in front of the multipliers.
///
/// Overview: for each multiplier it picks one of the B elements of the group of four, as the select lines say. It takes
/// mma.sp operations in order, `selections_per_cycle` multiplexer outputs a cycle; the array holds its steps for as
/// long as the selections of the operation take. Parameters: InputSelectorParameters.
#pragma once

#include "base/counters.h"
#include "base/registered_channel.h"
#include "tensor_core/tensor_core_parameters.h"
#include "tensor_core/tensor_operation.h"

namespace stcsim {

class InputSelector : public ClockedModule {
  public:
    InputSelector(const sc_core::sc_module_name& name, Clock& clock, const InputSelectorParameters& parameters);

    ReadPort<TensorOperationPointer> decoded;  ///< from MetadataDecoder
    WritePort<TensorOperationPointer> to_array;

    void report(CounterReport& report) const;
    void visit_state(StateVisitor&) override {}

  private:
    void start_of_simulation() override { decoded.expect(); }
    void evaluate(Cycle now) override;

    InputSelectorParameters parameters_;
    std::uint64_t operations_ = 0;
    Cycle selection_cycles_{0};
};

}  // namespace stcsim
