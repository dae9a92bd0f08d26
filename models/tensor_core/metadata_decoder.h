/// MetadataDecoder: 2-bit codes and the sparsity selector to select lines.
///
/// Overview: takes mma.sp operations in order. A new one starts at the earliest when all codes of the last are decoded
/// and `minimum_interval` has passed. The operation moves on after `latency`, later if its codes come more slowly than
/// the array would use them. With values, illegal codes are an error: the hardware's behaviour is undefined there.
/// Parameters: MetadataDecoderParameters.
#pragma once

#include "base/counters.h"
#include "base/registered_channel.h"
#include "tensor_core/tensor_core_parameters.h"
#include "tensor_core/tensor_operation.h"

namespace stcsim {

class MetadataDecoder : public ClockedModule {
  public:
    MetadataDecoder(const sc_core::sc_module_name& name, Clock& clock, const MetadataDecoderParameters& parameters,
                    const DotProductArrayParameters& array);

    ReadPort<TensorOperationPointer> fetched;  ///< from OperandFetch
    WritePort<TensorOperationPointer> to_selector;

    void report(CounterReport& report) const;
    void visit_state(StateVisitor& state) override { state.due(next_start_); }

  private:
    void start_of_simulation() override { fetched.expect(); }
    void evaluate(Cycle now) override;

    MetadataDecoderParameters parameters_;
    DotProductArrayParameters array_;
    Cycle next_start_{0};
    std::uint64_t codes_ = 0;
    Cycle wait_{0};
};

}  // namespace stcsim
