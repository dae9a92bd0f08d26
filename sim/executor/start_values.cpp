#include "executor/start_values.h"

#include "base/error.h"
#include "executor/lanes.h"
#include "executor/warp_state.h"

namespace stcsim {
namespace {

using enum PtxSpecialRegister;

bool is_clock(PtxSpecialRegister special) {
    return special == clock || special == clock_hi || special == clock64 || special == globaltimer ||
           special == globaltimer_lo || special == globaltimer_hi;
}

std::uint64_t thread_index(const WarpState& w, std::uint32_t lane, PtxSpecialRegister special) {
    const GridSize& block = w.cta->launch().block;
    const std::uint32_t thread = w.warp * warp_lanes + lane;
    if (special == tid_x) return thread % block.x;
    if (special == tid_y) return thread / block.x % block.y;
    return thread / block.x / block.y;
}

std::uint64_t launch_value(const WarpState& w, PtxSpecialRegister special) {
    const KernelLaunch& launch = w.cta->launch();
    const auto cta = launch.coordinates(w.cta->index());
    switch (special) {
        case ntid_x: return launch.block.x;
        case ntid_y: return launch.block.y;
        case ntid_z: return launch.block.z;
        case ctaid_x: return cta[0];
        case ctaid_y: return cta[1];
        case ctaid_z: return cta[2];
        case nctaid_x: return launch.grid.x;
        case nctaid_y: return launch.grid.y;
        case nctaid_z: return launch.grid.z;
        case warpid: return w.warp;
        case nwarpid: return launch.warps_per_cta();
        case smid: return w.cta->place().sm;
        case nsmid: return w.cta->place().sms;
        case total_smem_size: return launch.shared_bytes();
        case dynamic_smem_size: return launch.dynamic_shared.value();
        // The halves of the workspace's address as cooperative groups read them
        // (cooperative_groups/details/driver_abi.h of the toolkit).
        case envreg1: return launch.grid_workspace >> 32U;
        case envreg2: return launch.grid_workspace & 0xFFFFFFFFU;
        default: return 0;
    }
}

std::uint64_t lane_value(const WarpState& w, std::uint32_t lane, PtxSpecialRegister special) {
    const std::uint32_t bit = 1U << lane;
    switch (special) {
        case tid_x:
        case tid_y:
        case tid_z: return thread_index(w, lane, special);
        case laneid: return lane;
        case lanemask_eq: return bit;
        case lanemask_lt: return bit - 1U;
        case lanemask_le: return bit | (bit - 1U);
        case lanemask_gt: return ~(bit | (bit - 1U));
        case lanemask_ge: return ~(bit - 1U);
        default: return launch_value(w, special);
    }
}

void write_value(WarpState& w, const StartValue& value, std::uint32_t lane, std::uint64_t bits) {
    std::uint32_t* const words = w.registers + value.place;
    if (value.wide) {
        write_lane<std::uint64_t>(words, lane, bits);
    } else {
        write_lane<std::uint32_t>(words, lane, static_cast<std::uint32_t>(bits));
    }
}

}  // namespace

void write_start_values(WarpState& warp) {
    for (const StartValue& value : warp.kernel->start_values()) {
        std::uint64_t address = 0;
        if (value.variable != nullptr) {
            STCSIM_ASSERT(warp.cta->launch().variables != nullptr);
            address =
                warp.cta->launch().variables->address_of(*value.variable) + static_cast<std::uint64_t>(value.offset);
        }
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            write_value(warp, value, lane, value.variable != nullptr ? address : lane_value(warp, lane, value.special));
        }
    }
}

void write_clock_values(WarpState& warp) {
    for (const StartValue& value : warp.kernel->start_values()) {
        if (value.variable != nullptr || !is_clock(value.special)) continue;
        const std::uint64_t now = warp.now.value();
        const std::uint64_t bits = value.special == clock_hi || value.special == globaltimer_hi ? now >> 32U : now;
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) write_value(warp, value, lane, bits);
    }
}

}  // namespace stcsim
