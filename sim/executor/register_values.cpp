/// Registers as those outside the executor ask for them.
#include <algorithm>
#include <cstring>

#include "executor/warp_state.h"

namespace stcsim {

WarpRegister WarpExecution::value_of(std::uint32_t kernel_register) const {
    const std::uint32_t place = state_->kernel->register_places()[kernel_register];
    WarpRegister result{};
    if (state_->kernel->ptx().registers[kernel_register].type == PtxType::pred) {
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) result[lane] = state_->predicates[place] >> lane & 1U;
    } else {
        std::copy_n(state_->registers + place, warp_lanes, result.begin());
    }
    return result;
}

std::array<std::uint64_t, warp_lanes> WarpExecution::wide_value_of(std::uint32_t kernel_register) const {
    std::array<std::uint64_t, warp_lanes> result{};
    std::memcpy(result.data(), state_->registers + state_->kernel->register_places()[kernel_register], sizeof(result));
    return result;
}

}  // namespace stcsim
