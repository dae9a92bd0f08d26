#include "memory/memory_system.h"

#include <limits>

#include "base/construction_order.h"

namespace stcsim {
namespace {

/// What is in flight behind the SMs' links is bounded by the requests each SM may have outstanding.
constexpr std::size_t bounded_by_requesters = std::numeric_limits<std::size_t>::max();

}  // namespace

MemorySystem::MemorySystem(const sc_core::sc_module_name& name, Clock& clock, const MemoryParameters& parameters,
                           std::uint32_t sms, double clock_hz, SharedRegions regions, std::uint64_t construction_order,
                           double written_share)
    : sc_module(name),
      cache_requests_("cache_requests", clock, bounded_by_requesters, ChannelOrder::by_arrival),
      cache_responses_("cache_responses", clock, bounded_by_requesters, ChannelOrder::by_arrival),
      device_requests_("device_requests", clock, bounded_by_requesters),
      device_responses_("device_responses", clock, bounded_by_requesters, ChannelOrder::by_arrival) {
    for (std::uint32_t i = 0; i < sms; ++i) {
        from_sms_.emplace_back(sc_core::sc_gen_unique_name("from_sm"), clock, bounded_by_requesters);
        to_sms_.emplace_back(sc_core::sc_gen_unique_name("to_sm"), clock, bounded_by_requesters);
    }
    construct_in_order(
        {
            [&] {
                interconnect_ = std::make_unique<Interconnect>("interconnect", clock, parameters.interconnect, sms);
                interconnect_->to_cache.bind(cache_requests_);
                interconnect_->from_cache.bind(cache_responses_);
            },
            [&] {
                l2_ = std::make_unique<L2Cache>("l2", clock, parameters.l2, std::move(regions), written_share);
                l2_->requests.bind(cache_requests_);
                l2_->responses.bind(cache_responses_);
                l2_->to_memory.bind(device_requests_);
                l2_->from_memory.bind(device_responses_);
            },
            [&] {
                device_memory_ = std::make_unique<DeviceMemory>("device_memory", clock, parameters.hbm, clock_hz);
                device_memory_->requests.bind(device_requests_);
                device_memory_->responses.bind(device_responses_);
            },
        },
        construction_order);
    for (std::uint32_t i = 0; i < sms; ++i) {
        interconnect_->from_sms[i].bind(from_sms_[i]);
        interconnect_->to_sms[i].bind(to_sms_[i]);
    }
}

void MemorySystem::connect(std::uint32_t sm, WritePort<TransactionPointer>& requests,
                           ReadPort<TransactionPointer>& responses) {
    requests.bind(from_sms_[sm]);
    responses.bind(to_sms_[sm]);
}

void MemorySystem::report(CounterReport& report) const {
    interconnect_->report(report);
    l2_->report(report);
    device_memory_->report(report);
}

MemoryParameters fair_share(MemoryParameters parameters, std::uint32_t sms) {
    // One queue with the share of the bandwidth, not many slow ones: a sector's own transfer stays short, as it is when
    // all SMs share the fast slices and channels.
    parameters.l2.slice_bytes_per_cycle *= static_cast<double>(parameters.l2.slices) / sms;
    parameters.l2.slices = 1;
    parameters.hbm.bytes_per_second /= sms;
    parameters.hbm.channels = 1;
    return parameters;
}

}  // namespace stcsim
