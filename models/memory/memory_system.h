/// MemorySystem: interconnect, L2 and HBM, connected.
#pragma once

#include <deque>
#include <memory>

#include "memory/device_memory.h"
#include "memory/interconnect.h"
#include "memory/l2_cache.h"

namespace stcsim {

class MemorySystem : public sc_core::sc_module {
  public:
    /// `regions` and `written_share`: see L2Cache. `construction_order` shuffles the order in which the modules are
    /// constructed.
    MemorySystem(const sc_core::sc_module_name& name, Clock& clock, const MemoryParameters& parameters,
                 std::uint32_t sms, double clock_hz, SharedRegions regions, std::uint64_t construction_order,
                 double written_share = 1);

    /// Binds one SM's ports.
    void connect(std::uint32_t sm, WritePort<TransactionPointer>& requests, ReadPort<TransactionPointer>& responses);

    void report(CounterReport& report) const;

  private:
    std::deque<RegisteredChannel<TransactionPointer>> from_sms_;
    std::deque<RegisteredChannel<TransactionPointer>> to_sms_;
    RegisteredChannel<TransactionPointer> cache_requests_;
    RegisteredChannel<TransactionPointer> cache_responses_;
    RegisteredChannel<DeviceRequest> device_requests_;
    RegisteredChannel<DeviceResponse> device_responses_;
    std::unique_ptr<Interconnect> interconnect_;
    std::unique_ptr<L2Cache> l2_;
    std::unique_ptr<DeviceMemory> device_memory_;
};

/// The parameters of the memory system that one SM of `sms` would see if all of them asked for as much: its fair share
/// of the L2's and the HBM's bandwidth, each as one queue; its own link, all of the capacity and the latencies stay.
MemoryParameters fair_share(MemoryParameters parameters, std::uint32_t sms);

}  // namespace stcsim
