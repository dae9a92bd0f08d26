/// BarrierUnit: bar.sync among the warps of a CTA.
///
/// Overview: counts arrivals per resident CTA; `latency` cycles after the last one, all its warps may go on.
/// Parameters: BarrierUnitParameters.
#pragma once

#include <deque>
#include <vector>

#include "base/counters.h"
#include "base/registered_channel.h"
#include "sm/sm_messages.h"
#include "sm/sm_parameters.h"

namespace stcsim {

class BarrierUnit : public ClockedModule {
  public:
    BarrierUnit(const sc_core::sc_module_name& name, Clock& clock, const BarrierUnitParameters& parameters,
                std::uint32_t sub_cores, std::uint32_t cta_slots, std::uint32_t warps_per_cta);

    std::deque<ReadPort<BarrierArrival>> arrivals;   ///< per sub-core
    std::deque<WritePort<BarrierRelease>> releases;  ///< per sub-core

    void report(CounterReport& report) const;

  private:
    void evaluate(Cycle now) override;

    BarrierUnitParameters parameters_;
    std::uint32_t warps_per_cta_;
    std::vector<std::uint32_t> arrived_;  ///< per CTA slot
    std::uint64_t barriers_ = 0;
};

}  // namespace stcsim
