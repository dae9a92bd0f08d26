#include "sm/barrier_unit.h"

namespace stcsim {

BarrierUnit::BarrierUnit(const sc_core::sc_module_name& name, Clock& clock, const BarrierUnitParameters& parameters,
                         std::uint32_t sub_cores, std::uint32_t cta_slots, std::uint32_t warps_per_cta)
    : ClockedModule(name, clock),
      parameters_(parameters),
      warps_per_cta_(warps_per_cta),
      ctas_(cta_slots, Cta{.running_warps = warps_per_cta, .barriers = {}}),
      changed_(cta_slots) {
    for (std::uint32_t i = 0; i < sub_cores; ++i) {
        arrivals.emplace_back(sc_core::sc_gen_unique_name("arrivals"), *this);
        releases.emplace_back(sc_core::sc_gen_unique_name("releases"), *this);
    }
}

void BarrierUnit::evaluate(Cycle) {
    for (auto& port : arrivals) {
        while (port.has_item()) receive(port.pop());
    }
    for (std::uint32_t slot = 0; slot < ctas_.size(); ++slot) {
        if (changed_[slot]) release_complete(slot);
        changed_[slot] = false;
    }
}

void BarrierUnit::receive(const BarrierArrival& arrival) {
    Cta& cta = ctas_[arrival.cta.value()];
    changed_[arrival.cta.value()] = true;
    if (!arrival.ended) {
        Barrier& barrier = cta.barriers.at(arrival.barrier);
        ++barrier.arrived;
        barrier.warps = arrival.warps;
        return;
    }
    STCSIM_ASSERT(cta.running_warps > 0);
    // The slot's next CTA starts with all its warps.
    if (--cta.running_warps == 0) cta = {.running_warps = warps_per_cta_, .barriers = {}};
}

void BarrierUnit::release_complete(std::uint32_t slot) {
    Cta& cta = ctas_[slot];
    for (std::size_t i = 0; i < barriers_per_cta; ++i) {
        Barrier& barrier = cta.barriers[i];
        const std::uint32_t expected = barrier.warps != 0 ? barrier.warps : cta.running_warps;
        if (barrier.arrived == 0 || barrier.arrived < expected) continue;
        barrier.arrived = 0;
        ++barriers_;
        for (auto& port : releases) {
            port.push({.cta = CtaSlot(slot), .barrier = static_cast<std::uint8_t>(i)}, parameters_.latency);
        }
    }
}

void BarrierUnit::visit_state(StateVisitor& state) {
    for (const Cta& cta : ctas_) {
        state.same(cta.running_warps);
        for (const auto& [arrived, warps] : cta.barriers) state.same(arrived, warps);
    }
}

void BarrierUnit::report(CounterReport& report) const {
    report.add("sm.barrier_unit", "barriers", "barriers", "barriers completed", barriers_);
}

}  // namespace stcsim
