/// The addresses of a step's memory access.
#include "base/error.h"
#include "executor/generic_address.h"
#include "executor/lanes.h"
#include "executor/warp_execution.h"
#include "executor/warp_state.h"

namespace stcsim {
namespace {

void add_lanes(StepAccess& access, PtxSpace space, std::uint32_t lanes) {
    switch (space) {
        case PtxSpace::shared: access.shared_lanes |= lanes; break;
        case PtxSpace::local: access.local_lanes |= lanes; break;
        case PtxSpace::param: access.param_lanes |= lanes; break;
        default: access.global_lanes |= lanes; break;
    }
}

/// Addresses base + offset of the lanes. A space's own addresses have 32 bits where it is small.
void fill(StepAccess& access, const std::uint32_t* base, bool wide, std::int64_t offset, PtxSpace space,
          std::uint32_t lanes) {
    access.global_lanes = access.shared_lanes = access.local_lanes = access.param_lanes = 0;
    const auto added = static_cast<std::uint64_t>(offset);
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        access.addresses[lane] = (wide ? read_lane<std::uint64_t>(base, lane) : std::uint64_t{base[lane]}) + added;
    }
    if (space == PtxSpace::generic) {
        for_each_lane(lanes, [&](std::uint32_t lane) {
            const PtxSpace found = space_of(access.addresses[lane]);
            access.addresses[lane] -= window_of(found);
            add_lanes(access, found, 1U << lane);
        });
        return;
    }
    if (space == PtxSpace::shared) {
        for (std::uint64_t& address : access.addresses) address &= 0xFFFFFFFFU;
    }
    add_lanes(access, space, lanes);
}

}  // namespace

void WarpExecution::prepare_access() {
    const DecodedInstruction& i = *step_.instruction;
    const WarpState& w = *state_;
    step_.access.bytes_per_lane = i.access.bytes_per_lane();
    step_.access.writes = i.access.writes;
    std::uint32_t lanes = step_.active;
    if (i.unit == ExecutionUnit::load_matrix && i.matrices < 4) lanes &= (1U << 8U * i.matrices) - 1U;
    fill(step_.access, w.source(i.a), i.wide_address, i.offset, i.access.space, lanes);
    if (i.unit != ExecutionUnit::copy_async) return;
    step_.source.bytes_per_lane = i.access.bytes_per_lane();
    step_.source.writes = false;
    // Lanes that are told to ignore the source, or to read nothing of it, are not read.
    std::uint32_t reading = step_.active;
    if (i.p.present()) reading &= ~w.predicate(i.p);
    if (i.c.present()) {
        const std::uint32_t* size = w.source(i.c);
        for_each_lane(reading, [&](std::uint32_t lane) {
            if (size[lane] == 0) reading &= ~(1U << lane);
        });
    }
    fill(step_.source, w.source(i.b), i.wide_source, i.second_offset, PtxSpace::global, reading);
}

}  // namespace stcsim
