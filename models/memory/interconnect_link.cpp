#include "memory/interconnect_link.h"

#include <algorithm>

namespace stcsim {

InterconnectLink::InterconnectLink(const sc_core::sc_module_name& name, Clock& clock,
                                   const InterconnectParameters& parameters, Cycle sm_latency)
    : ClockedModule(name, clock),
      from_sm("from_sm", *this),
      to_sm("to_sm", *this),
      to_cache("to_cache", *this),
      from_cache("from_cache", *this),
      parameters_(parameters),
      sm_latency_(sm_latency) {}

Cycle InterconnectLink::link_time(Bytes bytes) const {
    return Cycle(std::max<std::uint64_t>(1, ceil_divide(bytes.value(), parameters_.bytes_per_cycle.value())));
}

void InterconnectLink::evaluate(Cycle now) {
    while (from_sm.has_item()) {
        TransactionPointer transaction = from_sm.pop();
        const Bytes bytes = transaction->write ? transaction->bytes : Bytes(0);
        request_bytes_ += bytes.value();
        up_free_ = std::max(up_free_, now) + link_time(bytes);
        to_cache.push(std::move(transaction), up_free_ - now + sm_latency_ + parameters_.latency);
    }
    while (from_cache.has_item()) {
        TransactionPointer transaction = from_cache.pop();
        const Bytes bytes = transaction->write ? Bytes(0) : transaction->bytes;
        response_bytes_ += bytes.value();
        down_free_ = std::max(down_free_, now) + link_time(bytes);
        to_sm.push(std::move(transaction), down_free_ - now + parameters_.latency);
    }
}

void InterconnectLink::report(CounterReport& report) const {
    const std::string_view prefix = "memory.interconnect";
    report.add(prefix, "request_bytes", "bytes", "bytes written by the SMs", request_bytes_);
    report.add(prefix, "response_bytes", "bytes", "bytes returned to the SMs", response_bytes_);
}

}  // namespace stcsim
