/// The tensor core: five modules in a pipeline, or three in a core without sparse path.
///
///     issued -> OperandFetch -+---------------------------------------> DotProductArray -> Accumulator -> written
///                             +-> MetadataDecoder -> InputSelector --->
///
/// A core without sparse path is the same machine without decoder and selector; mma.sp must not reach it.
#pragma once

#include <cstdint>
#include <memory>

#include "tensor_core/accumulator.h"
#include "tensor_core/dot_product_array.h"
#include "tensor_core/input_selector.h"
#include "tensor_core/metadata_decoder.h"
#include "tensor_core/operand_fetch.h"

namespace stcsim {

class TensorCore : public sc_core::sc_module {
  public:
    /// `number` within the SM. `construction_order` shuffles the order in which the modules are constructed; the result
    /// must not depend on it.
    TensorCore(const sc_core::sc_module_name& name, Clock& clock, const TensorCoreParameters& parameters,
               RegisterFile& registers, Timeline* timeline, std::uint32_t number, std::uint64_t construction_order);

    /// The channels towards the warp scheduler, to bind its ports to.
    [[nodiscard]] RegisteredChannel<TensorOperationPointer>& issued() { return issued_; }
    [[nodiscard]] RegisteredChannel<OtherReads>& other_reads() { return other_reads_; }
    [[nodiscard]] RegisteredChannel<TensorWriteback>& written() { return written_; }
    [[nodiscard]] RegisteredChannel<OperandsRead>& operands_read() { return operands_read_; }
    [[nodiscard]] CycleAttribution& attribution() { return attribution_; }

    void report(CounterReport& report) const;

  private:
    CycleAttribution attribution_;
    RegisteredChannel<TensorOperationPointer> issued_;
    RegisteredChannel<OtherReads> other_reads_;
    RegisteredChannel<TensorOperationPointer> dense_operations_;
    RegisteredChannel<TensorOperationPointer> sums_;
    RegisteredChannel<TensorWriteback> written_;
    RegisteredChannel<OperandsRead> operands_read_;
    std::unique_ptr<RegisteredChannel<TensorOperationPointer>> sparse_operations_;
    std::unique_ptr<RegisteredChannel<TensorOperationPointer>> decoded_;
    std::unique_ptr<RegisteredChannel<TensorOperationPointer>> selected_;
    std::unique_ptr<OperandFetch> operand_fetch_;
    std::unique_ptr<MetadataDecoder> metadata_decoder_;
    std::unique_ptr<InputSelector> input_selector_;
    std::unique_ptr<DotProductArray> dot_product_array_;
    std::unique_ptr<Accumulator> accumulator_;
};

}  // namespace stcsim
