#include "memory/memory_system.h"

#include <algorithm>
#include <limits>

namespace stcsim {
namespace {

/// What is in flight between SMs and memory is bounded by the requests each SM may have outstanding.
constexpr std::size_t bounded_by_requesters = std::numeric_limits<std::size_t>::max();

}  // namespace

MemorySystem::MemorySystem(const sc_core::sc_module_name& name, Clock& clock, const MemoryParameters& parameters,
                           std::uint32_t sms, double clock_hz, SharedRegions regions, double written_share)
    : ClockedModule(name, clock),
      link_latency_(parameters.interconnect.latency),
      hierarchy_(parameters, sms, clock_hz, std::move(regions), written_share) {
    for (std::uint32_t i = 0; i < sms; ++i) {
        requests_.emplace_back(sc_core::sc_gen_unique_name("requests"), *this);
        responses_.emplace_back(sc_core::sc_gen_unique_name("responses"), *this);
    }
}

void MemorySystem::connect(std::uint32_t sm, WritePort<TransactionPointer>& requests,
                           ReadPort<TransactionPointer>& responses, Clock* sm_clock) {
    Clock& channel_clock = sm_clock != nullptr ? *sm_clock : clock();
    const auto channel = [&](const char* channel_name, ChannelOrder order) -> RegisteredChannel<TransactionPointer>& {
        return channels_.emplace_back(sc_core::sc_gen_unique_name(channel_name), channel_clock, bounded_by_requesters,
                                      order);
    };
    auto& to_memory = channel("to_memory", ChannelOrder::as_written);
    requests.bind(to_memory);
    requests_[sm].bind(to_memory);
    auto& to_sm = channel("to_sm", ChannelOrder::by_arrival);
    responses_[sm].bind(to_sm);
    responses.bind(to_sm);
}

ShortestDelays MemorySystem::shortest_delays(const MemoryParameters& parameters, Cycle sm_latency) {
    // The L2 sees a request a link's latency after it has left the SM; writes are acknowledged without a way back.
    return {.there = sm_latency + parameters.interconnect.latency, .back = parameters.l2.hit_latency};
}

Cycle MemorySystem::serve(const MemoryTransaction& transaction, Cycle now) {
    STCSIM_ASSERT(now >= link_latency_);
    const Cycle left = now - link_latency_;
    accessed_ = true;
    if (ideal_latency_) return left + *ideal_latency_;
    if (transaction.access == MemoryAccess::atomic) {
        return std::max(now, hierarchy_.update(transaction.sm, transaction.requests, transaction.returns_values, left));
    }
    const bool writes = transaction.access == MemoryAccess::write;
    return std::max(now, hierarchy_.access(transaction.sm, transaction.requests, writes, left));
}

void MemorySystem::visit_state(StateVisitor& state) {
    // What an access takes depends on everything that has been accessed before.
    if (accessed_ && !ideal_latency_) state.never_repeats();
}

void MemorySystem::evaluate(Cycle now) {
    for (std::size_t sm = 0; sm < requests_.size(); ++sm) {
        while (requests_[sm].has_item()) {
            TransactionPointer transaction = requests_[sm].pop();
            const Cycle back = serve(*transaction, now);
            responses_[sm].push(std::move(transaction), back - now);
        }
    }
}

}  // namespace stcsim
