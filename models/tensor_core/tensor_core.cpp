#include "tensor_core/tensor_core.h"

#include "base/construction_order.h"

namespace stcsim {
namespace {

/// Operations that the pipeline registers between two modules hold: enough that the distance in cycles between them
/// never limits the rate of one instruction per four cycles, the shortest array occupation.
constexpr std::size_t pipeline_registers = 2;
/// Operations between the array and the register write: never a limit, the write ports are.
constexpr std::size_t results_in_flight = 16;
/// Notices of registers that other instructions read behind an mma that is not collected yet: beyond these they wait.
constexpr std::size_t other_reads_in_flight = 16;

}  // namespace

TensorCore::TensorCore(const sc_core::sc_module_name& name, Clock& clock, const TensorCoreParameters& parameters,
                       RegisterFile& registers, Timeline* timeline, std::uint32_t number,
                       std::uint64_t construction_order)
    : sc_module(name),
      issued_("issued", clock, parameters.operand_fetch.buffer_depth, ChannelOrder::as_written,
              ReaderWake::when_expected),
      other_reads_("other_reads", clock, other_reads_in_flight),
      dense_operations_("dense_operations", clock, pipeline_registers),
      sums_("sums", clock, results_in_flight),
      written_("written", clock, results_in_flight, ChannelOrder::as_written, ReaderWake::when_expected),
      operands_read_("operands_read", clock, results_in_flight, ChannelOrder::as_written, ReaderWake::when_expected) {
    if (parameters.sparse_path) {
        sparse_operations_ = std::make_unique<RegisteredChannel<TensorOperationPointer>>(
            "sparse_operations", clock, pipeline_registers, ChannelOrder::as_written, ReaderWake::when_expected);
        decoded_ = std::make_unique<RegisteredChannel<TensorOperationPointer>>(
            "decoded", clock, pipeline_registers, ChannelOrder::as_written, ReaderWake::when_expected);
        selected_ = std::make_unique<RegisteredChannel<TensorOperationPointer>>("selected", clock, pipeline_registers);
    }
    std::vector<std::function<void()>> constructions{
        [&] {
            operand_fetch_ = std::make_unique<OperandFetch>("operand_fetch", clock, parameters.operand_fetch,
                                                            parameters.dot_product_array, registers);
            operand_fetch_->issued.bind(issued_);
            operand_fetch_->other_reads.bind(other_reads_);
            operand_fetch_->to_array.bind(dense_operations_);
            operand_fetch_->read_notice.bind(operands_read_);
            if (parameters.sparse_path) operand_fetch_->to_decoder.bind(*sparse_operations_);
        },
        [&] {
            dot_product_array_ = std::make_unique<DotProductArray>(
                "dot_product_array", clock, parameters.dot_product_array, attribution_, timeline, number);
            dot_product_array_->fetched.bind(dense_operations_);
            dot_product_array_->to_accumulator.bind(sums_);
            if (parameters.sparse_path) dot_product_array_->selected.bind(*selected_);
        },
        [&] {
            accumulator_ = std::make_unique<Accumulator>("accumulator", clock, parameters.accumulator, registers);
            accumulator_->sums.bind(sums_);
            accumulator_->written.bind(written_);
        },
    };
    if (parameters.sparse_path) {
        constructions.emplace_back([&] {
            metadata_decoder_ = std::make_unique<MetadataDecoder>(
                "metadata_decoder", clock, parameters.metadata_decoder, parameters.dot_product_array);
            metadata_decoder_->fetched.bind(*sparse_operations_);
            metadata_decoder_->to_selector.bind(*decoded_);
        });
        constructions.emplace_back([&] {
            input_selector_ = std::make_unique<InputSelector>("input_selector", clock, parameters.input_selector);
            input_selector_->decoded.bind(*decoded_);
            input_selector_->to_array.bind(*selected_);
        });
    }
    construct_in_order(std::move(constructions), construction_order);
}

void TensorCore::report(CounterReport& report) const {
    operand_fetch_->report(report);
    if (metadata_decoder_) metadata_decoder_->report(report);
    if (input_selector_) input_selector_->report(report);
    dot_product_array_->report(report);
    accumulator_->report(report);
}

}  // namespace stcsim
