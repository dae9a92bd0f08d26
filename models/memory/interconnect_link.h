/// InterconnectLink: one SM's connection to the L2.
///
/// Overview: `bytes_per_cycle` in each direction; a read request takes one cycle of it, a write its bytes, a response
/// its bytes. Every transaction takes `latency` cycles each way beside that. SMs do not compete with each other here;
/// they do in the L2's slices.
///
/// A link runs with its SM's clock. It charges the way to the interconnect inside the SM together with its own latency:
/// behind the link's queue instead of before it, which is the same for a pipeline, and lets SM and chip run further
/// without looking at each other.
/// Parameters: InterconnectParameters.
#pragma once

#include "base/counters.h"
#include "base/registered_channel.h"
#include "memory/memory_parameters.h"
#include "memory/memory_transaction.h"

namespace stcsim {

class InterconnectLink : public ClockedModule {
  public:
    /// `sm_latency`: of requests inside the SM.
    InterconnectLink(const sc_core::sc_module_name& name, Clock& clock, const InterconnectParameters& parameters,
                     Cycle sm_latency);

    ReadPort<TransactionPointer> from_sm;
    WritePort<TransactionPointer> to_sm;
    WritePort<TransactionPointer> to_cache;
    ReadPort<TransactionPointer> from_cache;

    void report(CounterReport& report) const;

  private:
    void evaluate(Cycle now) override;
    [[nodiscard]] Cycle link_time(Bytes bytes) const;

    InterconnectParameters parameters_;
    Cycle sm_latency_;
    Cycle up_free_{0};
    Cycle down_free_{0};
    std::uint64_t request_bytes_ = 0;
    std::uint64_t response_bytes_ = 0;
};

}  // namespace stcsim
