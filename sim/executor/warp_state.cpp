#include "executor/warp_state.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace stcsim {

void WarpState::fault(const std::string& what) const {
    const PtxInstruction& at = *step->instruction->ptx;
    throw KernelFault(fmt::format("{} at PTX line {} ({}), CTA {}, warp {}, lane {}", what, at.where.line, at.name(),
                                  cta->index().value(), warp, first_lane(step->active)));
}

void WarpState::grow_local(std::uint64_t bytes) {
    std::vector<std::byte> larger(warp_lanes * bytes);
    for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
        const auto from = local.begin() + static_cast<std::ptrdiff_t>(lane * local_bytes);
        std::copy(from, from + static_cast<std::ptrdiff_t>(local_bytes),
                  larger.begin() + static_cast<std::ptrdiff_t>(lane * bytes));
    }
    local = std::move(larger);
    local_bytes = bytes;
}

std::string WarpState::name_of_instruction(std::uint32_t number) const {
    const PtxInstruction& at = *kernel->instructions()[number].ptx;
    return fmt::format("{} at PTX line {}", at.name(), at.where.line);
}

std::uint32_t WarpState::suspicion_of(std::span<const std::uint32_t> numbers, std::uint32_t lanes) const {
    for (const std::uint32_t number : numbers) {
        if ((lanes & ~defined[number]) != 0 && suspicion[number] != Suspicions::none) return suspicion[number];
    }
    return Suspicions::none;
}

}  // namespace stcsim
