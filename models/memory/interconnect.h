/// Interconnect: carries transactions between the SMs and the L2.
///
/// Overview: each SM has its own link of `bytes_per_cycle` in each direction; a read request takes one cycle of it, a
/// write its bytes, a response its bytes. Every transaction takes `latency` cycles each way beside that. SMs do not
/// compete with each other here; they do in the L2's slices.
/// Parameters: InterconnectParameters.
#pragma once

#include <deque>
#include <vector>

#include "base/counters.h"
#include "base/registered_channel.h"
#include "memory/memory_parameters.h"
#include "memory/memory_transaction.h"

namespace stcsim {

class Interconnect : public ClockedModule {
  public:
    Interconnect(const sc_core::sc_module_name& name, Clock& clock, const InterconnectParameters& parameters,
                 std::uint32_t sms);

    std::deque<ReadPort<TransactionPointer>> from_sms;
    std::deque<WritePort<TransactionPointer>> to_sms;
    WritePort<TransactionPointer> to_cache;
    ReadPort<TransactionPointer> from_cache;

    void report(CounterReport& report) const;

  private:
    void evaluate(Cycle now) override;

    InterconnectParameters parameters_;
    std::vector<Cycle> up_free_;    ///< per SM
    std::vector<Cycle> down_free_;  ///< per SM
    std::uint64_t request_bytes_ = 0;
    std::uint64_t response_bytes_ = 0;
};

}  // namespace stcsim
