#include "sm/cta_controller.h"

#include <algorithm>

namespace stcsim {

CtaController::CtaController(const sc_core::sc_module_name& name, Clock& clock, std::uint32_t sub_cores,
                             std::uint32_t cta_slots, const CtaResources& resources, Bytes shared_bytes_per_slot,
                             Cycle completion_latency)
    : ClockedModule(name, clock),
      launches("launches", *this),
      done("done", *this),
      resources_(resources),
      shared_bytes_per_slot_(shared_bytes_per_slot),
      completion_latency_(completion_latency),
      slots_(cta_slots) {
    for (std::uint32_t i = 0; i < sub_cores; ++i) {
        warps.emplace_back(sc_core::sc_gen_unique_name("warps"), *this);
        exits.emplace_back(sc_core::sc_gen_unique_name("exits"), *this);
    }
}

void CtaController::evaluate(Cycle) {
    for (auto& port : exits) {
        while (port.has_item()) {
            Slot& slot = slots_[port.pop().cta_slot.value()];
            STCSIM_ASSERT(slot.occupied && slot.running_warps > 0);
            if (--slot.running_warps == 0) {
                slot.occupied = false;
                done.push({slot.cta}, completion_latency_);
            }
        }
    }
    while (launches.has_item()) place(launches.pop().cta);
}

void CtaController::place(CtaIndex cta) {
    const auto free = std::ranges::find(slots_, false, &Slot::occupied);
    STCSIM_ASSERT(free != slots_.end());
    const auto slot = static_cast<std::uint32_t>(free - slots_.begin());
    *free = {.occupied = true, .cta = cta, .running_warps = resources_.warps};
    ++ctas_;
    for (std::uint32_t warp = 0; warp < resources_.warps; ++warp) {
        const std::uint32_t warp_slot = slot * resources_.warps + warp;
        warps[warp_slot % warps.size()].push({.warp = WarpSlot(warp_slot),
                                              .cta_slot = CtaSlot(slot),
                                              .cta = cta,
                                              .warp_in_cta = warp,
                                              .shared_base = shared_bytes_per_slot_.value() * slot});
    }
}

void CtaController::visit_state(StateVisitor& state) {
    for (const auto& [occupied, cta, running_warps] : slots_) state.same(occupied, cta, running_warps);
}

void CtaController::report(CounterReport& report) const {
    report.add("sm.cta_controller", "ctas", "CTAs", "CTAs run", ctas_);
}

}  // namespace stcsim
