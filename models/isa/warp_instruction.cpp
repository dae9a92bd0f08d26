#include "isa/warp_instruction.h"

namespace stcsim {

void visit_shared_access(StateVisitor& state, LaneAccess& access) {
    auto& [base, offsets, active, bytes_per_lane] = access;
    state.shared_address(base);
    state.same(offsets, active, bytes_per_lane);
}

void visit_global_access(StateVisitor& state, LaneAccess& access) {
    auto& [base, offsets, active, bytes_per_lane] = access;
    state.global_address(base);
    state.same(offsets, active, bytes_per_lane);
}

void visit_state(StateVisitor& state, WarpInstruction& instruction) {
    auto& [operation, destination, a, b, c, e, further_reads, mma, selector, transposed, unpacked, packed,
           following_arithmetic, unit, adds, barrier, barrier_warps, barrier_waits, pending_groups, provided,
           after_last_mma, begins_iteration, cache, atomic, shared, global] = instruction;
    state.same(operation, mma, selector, transposed, unpacked, packed, following_arithmetic, unit, adds, barrier,
               barrier_warps, barrier_waits, pending_groups, after_last_mma, begins_iteration, cache, atomic);
    for (RegisterRange* const range : {&destination, &a, &b, &c, &e}) visit_state(state, *range);
    state.same(further_reads != nullptr);
    if (further_reads != nullptr) further_reads->visit_state(state);
    visit_shared_access(state, shared);
    visit_global_access(state, global);
}

}  // namespace stcsim
