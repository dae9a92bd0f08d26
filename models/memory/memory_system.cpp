#include "memory/memory_system.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

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
      clock_(clock),
      link_parameters_(parameters.interconnect),
      connections_(sms),
      device_requests_("device_requests", clock, bounded_by_requesters),
      device_responses_("device_responses", clock, bounded_by_requesters, ChannelOrder::by_arrival) {
    construct_in_order(
        {
            [&] {
                l2_ = std::make_unique<L2Cache>("l2", clock, parameters.l2, sms, std::move(regions), written_share);
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
}

void MemorySystem::connect(std::uint32_t sm, WritePort<TransactionPointer>& requests,
                           ReadPort<TransactionPointer>& responses, Clock* sm_clock, Cycle sm_latency) {
    Clock& link_clock = sm_clock != nullptr ? *sm_clock : clock_;
    Connection& connection = connections_[sm];
    const auto channel = [&](const char* name, ChannelOrder order) {
        return std::make_unique<RegisteredChannel<TransactionPointer>>(sc_core::sc_gen_unique_name(name), link_clock,
                                                                       bounded_by_requesters, order);
    };
    connection.from_sm = channel("from_sm", ChannelOrder::as_written);
    connection.to_sm = channel("to_sm", ChannelOrder::as_written);
    connection.requests = channel("requests", ChannelOrder::as_written);
    connection.responses = channel("responses", ChannelOrder::by_arrival);
    connection.link = std::make_unique<InterconnectLink>(fmt::format("interconnect_link_{}", sm).c_str(), link_clock,
                                                         link_parameters_, sm_latency);
    requests.bind(*connection.from_sm);
    connection.link->from_sm.bind(*connection.from_sm);
    connection.link->to_cache.bind(*connection.requests);
    l2_->requests[sm].bind(*connection.requests);
    l2_->responses[sm].bind(*connection.responses);
    connection.link->from_cache.bind(*connection.responses);
    connection.link->to_sm.bind(*connection.to_sm);
    responses.bind(*connection.to_sm);
}

Cycle MemorySystem::shortest_delay(const MemoryParameters& parameters, Cycle sm_latency) {
    return std::min(sm_latency + parameters.interconnect.latency + Cycle(1), parameters.l2.hit_latency);
}

void MemorySystem::report(CounterReport& report) const {
    for (const Connection& connection : connections_) {
        if (connection.link) connection.link->report(report);
    }
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
