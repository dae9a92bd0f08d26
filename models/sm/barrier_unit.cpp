#include "sm/barrier_unit.h"

namespace stcsim {

BarrierUnit::BarrierUnit(const sc_core::sc_module_name& name, Clock& clock, const BarrierUnitParameters& parameters,
                         std::uint32_t sub_cores, std::uint32_t cta_slots, std::uint32_t warps_per_cta)
    : ClockedModule(name, clock), parameters_(parameters), warps_per_cta_(warps_per_cta), arrived_(cta_slots) {
    for (std::uint32_t i = 0; i < sub_cores; ++i) {
        arrivals.emplace_back(sc_core::sc_gen_unique_name("arrivals"), *this);
        releases.emplace_back(sc_core::sc_gen_unique_name("releases"), *this);
    }
}

void BarrierUnit::evaluate(Cycle) {
    for (auto& port : arrivals) {
        while (port.has_item()) ++arrived_[port.pop().cta.value()];
    }
    for (std::uint32_t slot = 0; slot < arrived_.size(); ++slot) {
        if (arrived_[slot] < warps_per_cta_) continue;
        STCSIM_ASSERT(arrived_[slot] == warps_per_cta_);
        arrived_[slot] = 0;
        ++barriers_;
        for (auto& port : releases) port.push({CtaSlot(slot)}, parameters_.latency);
    }
}

void BarrierUnit::report(CounterReport& report) const {
    report.add("sm.barrier_unit", "barriers", "barriers", "barriers completed", barriers_);
}

}  // namespace stcsim
