#include "cuda/launch_occupancy.h"

#include <algorithm>

#include "isa/instruction_stream.h"
#include "sm/residency.h"

namespace stcsim {

std::uint32_t ctas_per_sm(std::uint64_t threads, std::uint32_t registers, Bytes shared, const ResidencyParameters& sm) {
    CtaResources cta;
    cta.warps = static_cast<std::uint32_t>(ceil_divide(threads, std::uint64_t{warp_lanes}));
    cta.registers_per_thread = std::max(registers, 1U);
    cta.shared_memory = shared;
    return resident_ctas(cta, sm).ctas;
}

void add_occupancy(LaunchReport& report, const ResidencyParameters& sm) {
    const std::uint64_t threads = std::uint64_t{report.block[0]} * report.block[1] * report.block[2];
    report.ctas_per_sm = ctas_per_sm(threads, report.registers, report.static_shared + report.dynamic_shared, sm);
    report.occupancy =
        static_cast<double>(ceil_divide(threads, std::uint64_t{warp_lanes}) * report.ctas_per_sm) / sm.maximum_warps;
}

}  // namespace stcsim
