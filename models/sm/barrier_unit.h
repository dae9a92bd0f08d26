/// BarrierUnit: bar.sync and bar.arrive among the warps of a CTA.
///
/// Overview: counts arrivals per resident CTA and barrier; `latency` cycles after the last one, the warps that wait may
/// go on. A barrier without a count of its own is for the warps of the CTA that have not ended.
/// Parameters: BarrierUnitParameters.
#pragma once

#include <array>
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
    void visit_state(StateVisitor& state) override;

  private:
    void evaluate(Cycle now) override;

    BarrierUnitParameters parameters_;
    static constexpr std::size_t barriers_per_cta = 16;  ///< PTX ISA, "bar"

    struct Barrier {
        std::uint32_t arrived = 0;
        std::uint32_t warps = 0;  ///< as the arrivals say
    };
    struct Cta {
        std::uint32_t running_warps;
        std::array<Barrier, barriers_per_cta> barriers;
    };

    void receive(const BarrierArrival& arrival);
    void release_complete(std::uint32_t slot);

    std::uint32_t warps_per_cta_;
    std::vector<Cta> ctas_;  ///< per CTA slot
    std::vector<bool> changed_;
    std::uint64_t barriers_ = 0;
};

}  // namespace stcsim
