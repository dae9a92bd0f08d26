#include "executor/warp_state.h"

#include <fmt/format.h>

namespace stcsim {

void WarpState::fault(const std::string& what) const {
    const PtxInstruction& at = *step->instruction->ptx;
    throw KernelFault(fmt::format("{} at PTX line {} ({}), CTA {}, warp {}, lane {}", what, at.where.line, at.name(),
                                  cta->index().value(), warp, first_lane(step->active)));
}

std::string WarpState::name_of_instruction(std::uint32_t number) const {
    const PtxInstruction& at = *kernel->instructions()[number].ptx;
    return fmt::format("{} at PTX line {}", at.name(), at.where.line);
}

}  // namespace stcsim
