#include "memory/interconnect.h"

#include <algorithm>

namespace stcsim {

Interconnect::Interconnect(const sc_core::sc_module_name& name, Clock& clock, const InterconnectParameters& parameters,
                           std::uint32_t sms)
    : ClockedModule(name, clock),
      to_cache("to_cache", *this),
      from_cache("from_cache", *this),
      parameters_(parameters),
      up_free_(sms),
      down_free_(sms) {
    for (std::uint32_t i = 0; i < sms; ++i) {
        from_sms.emplace_back(sc_core::sc_gen_unique_name("from_sm"), *this);
        to_sms.emplace_back(sc_core::sc_gen_unique_name("to_sm"), *this);
    }
}

void Interconnect::evaluate(Cycle now) {
    const std::uint64_t width = parameters_.bytes_per_cycle.value();
    const auto link_time = [&](Bytes bytes) {
        return Cycle(std::max<std::uint64_t>(1, ceil_divide(bytes.value(), width)));
    };
    for (std::size_t sm = 0; sm < from_sms.size(); ++sm) {
        while (from_sms[sm].has_item() && to_cache.has_space()) {
            TransactionPointer transaction = from_sms[sm].pop();
            const Bytes bytes = transaction->write ? transaction->bytes : Bytes(0);
            request_bytes_ += bytes.value();
            up_free_[sm] = std::max(up_free_[sm], now) + link_time(bytes);
            to_cache.push(std::move(transaction), up_free_[sm] - now + parameters_.latency);
        }
    }
    while (from_cache.has_item()) {
        const std::uint32_t sm = from_cache.front()->sm.value();
        if (!to_sms[sm].has_space()) break;
        TransactionPointer transaction = from_cache.pop();
        const Bytes bytes = transaction->write ? Bytes(0) : transaction->bytes;
        response_bytes_ += bytes.value();
        down_free_[sm] = std::max(down_free_[sm], now) + link_time(bytes);
        to_sms[sm].push(std::move(transaction), down_free_[sm] - now + parameters_.latency);
    }
}

void Interconnect::report(CounterReport& report) const {
    const std::string_view prefix = "memory.interconnect";
    report.add(prefix, "request_bytes", "bytes", "bytes written by the SMs", request_bytes_);
    report.add(prefix, "response_bytes", "bytes", "bytes returned to the SMs", response_bytes_);
}

}  // namespace stcsim
