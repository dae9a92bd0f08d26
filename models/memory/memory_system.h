/// MemorySystem: interconnect links, L2 and HBM, connected.
#pragma once

#include <deque>
#include <memory>

#include "memory/device_memory.h"
#include "memory/interconnect_link.h"
#include "memory/l2_cache.h"

namespace stcsim {

class MemorySystem : public sc_core::sc_module {
  public:
    /// `regions` and `written_share`: see L2Cache. `construction_order` shuffles the order in which the modules are
    /// constructed.
    MemorySystem(const sc_core::sc_module_name& name, Clock& clock, const MemoryParameters& parameters,
                 std::uint32_t sms, double clock_hz, SharedRegions regions, std::uint64_t construction_order,
                 double written_share = 1);

    /// Connects one SM. Its link runs with `sm_clock`, by default the memory system's; requests take `sm_latency` more
    /// inside the SM.
    void connect(std::uint32_t sm, WritePort<TransactionPointer>& requests, ReadPort<TransactionPointer>& responses,
                 Clock* sm_clock = nullptr, Cycle sm_latency = Cycle(0));

    /// The shortest time in which an SM can see anything of the memory system, or the other way round.
    static Cycle shortest_delay(const MemoryParameters& parameters, Cycle sm_latency);

    void report(CounterReport& report) const;

  private:
    /// An SM's link and the channels on both sides of it.
    struct Connection {
        std::unique_ptr<InterconnectLink> link;
        std::unique_ptr<RegisteredChannel<TransactionPointer>> from_sm, to_sm, requests, responses;
    };

    Clock& clock_;
    InterconnectParameters link_parameters_;
    std::deque<Connection> connections_;
    RegisteredChannel<DeviceRequest> device_requests_;
    RegisteredChannel<DeviceResponse> device_responses_;
    std::unique_ptr<L2Cache> l2_;
    std::unique_ptr<DeviceMemory> device_memory_;
};

/// The parameters of the memory system that one SM of `sms` would see if all of them asked for as much: its fair share
/// of the L2's and the HBM's bandwidth, each as one queue; its own link, all of the capacity and the latencies stay.
MemoryParameters fair_share(MemoryParameters parameters, std::uint32_t sms);

}  // namespace stcsim
