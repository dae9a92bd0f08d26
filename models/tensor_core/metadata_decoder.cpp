#include "tensor_core/metadata_decoder.h"

#include <algorithm>

#include "isa/metadata_fragment.h"
#include "tensor_core/datapath.h"

namespace stcsim {

MetadataDecoder::MetadataDecoder(const sc_core::sc_module_name& name, Clock& clock,
                                 const MetadataDecoderParameters& parameters, const DotProductArrayParameters& array)
    : ClockedModule(name, clock),
      fetched("fetched", *this),
      to_selector("to_selector", *this),
      parameters_(parameters),
      array_(array) {}

void MetadataDecoder::evaluate(Cycle now) {
    if (!fetched.has_item()) {
        fetched.expect();
        return;
    }
    if (!to_selector.has_space()) return;
    if (now < next_start_) {
        wake_at(next_start_);
        return;
    }
    TensorOperationPointer operation = fetched.pop();

    const std::uint32_t codes = metadata_codes(*operation->instruction);
    const Cycle decoding(ceil_divide(codes, parameters_.codes_per_cycle));
    const Cycle steps(array_schedule(*operation->instruction, array_).steps);
    codes_ += codes;
    next_start_ = now + std::max(decoding, parameters_.minimum_interval);
    if (operation->values) {
        operation->values->select_lines =
            decode_select_lines(*operation->instruction, operation->values->e, operation->selector);
    }
    // The array uses the last code in its last step; it must not start so early that it would overtake the decoder.
    const Cycle lag = decoding > steps ? decoding - steps : Cycle(0);
    operation->metadata_wait = now - operation->at_decoder + lag;
    wait_ += operation->metadata_wait;
    to_selector.push(std::move(operation), parameters_.latency + lag);
    fetched.busy_until(next_start_);
    if (!fetched.has_item()) {
        fetched.expect();
    } else if (to_selector.has_space()) {
        wake_at(next_start_);
    }
}

void MetadataDecoder::report(CounterReport& report) const {
    const std::string_view prefix = "sm.tensor_core.metadata_decoder";
    report.add(prefix, "codes", "codes", "2-bit metadata codes decoded", codes_);
    report.add(prefix, "wait", "cycles", "cycles mma.sp operations waited at the decoder", wait_.value());
}

}  // namespace stcsim
