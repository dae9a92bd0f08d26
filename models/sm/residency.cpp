#include "sm/residency.h"

#include <algorithm>
#include <array>

namespace stcsim {

Residency resident_ctas(const CtaResources& cta, const ResidencyParameters& parameters) {
    if (cta.registers_per_thread > parameters.maximum_registers_per_thread) {
        return {.ctas = 0, .limited_by = "registers"};
    }
    if (cta.shared_memory > parameters.shared_memory_per_cta) return {.ctas = 0, .limited_by = "shared memory"};

    const std::uint32_t registers_per_warp =
        round_up(cta.registers_per_thread * warp_lanes, parameters.register_allocation_unit);
    const std::uint64_t shared_per_cta = round_up((cta.shared_memory + parameters.shared_memory_reserved).value(),
                                                  parameters.shared_memory_allocation_unit.value());
    struct Limit {
        std::uint64_t ctas;
        const char* resource;
    };
    const std::array<Limit, 4> limits{{
        {parameters.maximum_ctas, "CTAs"},
        {parameters.maximum_warps / cta.warps, "warps"},
        {parameters.registers / registers_per_warp / cta.warps, "registers"},
        {shared_per_cta == 0 ? parameters.maximum_ctas : parameters.shared_memory.value() / shared_per_cta,
         "shared memory"},
    }};
    const Limit& tightest = *std::ranges::min_element(limits, {}, &Limit::ctas);
    return {.ctas = static_cast<std::uint32_t>(tightest.ctas), .limited_by = tightest.resource};
}

}  // namespace stcsim
