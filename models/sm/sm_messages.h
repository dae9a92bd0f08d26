/// What travels between the modules of an SM.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/units.h"
#include "isa/instruction_stream.h"
#include "isa/warp_instruction.h"
#include "tensor_core/tensor_operation.h"

namespace stcsim {

/// Register values on their way to or from memory; absent when values are not simulated.
using Payload = std::unique_ptr<std::vector<LaneValues>>;

/// A request to the shared memory: ldmatrix, ld.shared, st.shared or an atomic of a warp, or (copy_async) the fill of
/// data that has arrived from global memory. Addresses are the SM's, not the CTA's. The same array holds the L1's
/// lines; accesses to them have global addresses: reads of hits (load_global), updates (store_global), and fills, which
/// are known by their bytes alone.
struct SharedRequest {
    OperationClass operation = OperationClass::load_shared;
    AtomicForm atomic = AtomicForm::native;
    WarpSlot warp;
    RegisterRange destination;
    bool transposed = false;
    LaneAccess access;
    LaneAccess source;             ///< fills: where the data comes from
    std::uint32_t copy_group = 0;  ///< fills: the warp's cp.async group
    Bytes l1_fill{0};              ///< fills of the L1: the bytes; 0: something else
    Payload payload;               ///< stores: the data
};

/// Where data come from, and what they are, only matters with values; then nothing is compared.
inline void visit_state(StateVisitor& state, SharedRequest& request) {
    auto& [operation, atomic, warp, destination, transposed, access, source, copy_group, l1_fill, payload] = request;
    state.same(operation, atomic, warp, transposed, l1_fill);
    visit_state(state, destination);
    visit_shared_access(state, access);
    if (operation == OperationClass::copy_async) state.identity(warp.value(), copy_group);
}

/// A request to the load/store unit: cp.async, ld.global, st.global, an atomic or a fence.
struct GlobalRequest {
    OperationClass operation = OperationClass::copy_async;
    CacheUse cache = CacheUse::l2;
    WarpSlot warp;
    RegisterRange destination;
    LaneAccess global;
    LaneAccess shared;  ///< cp.async: where the data goes
    std::uint32_t copy_group = 0;
    Payload payload;  ///< stores: the data
};

inline void visit_state(StateVisitor& state, GlobalRequest& request) {
    auto& [operation, cache, warp, destination, global, shared, copy_group, payload] = request;
    state.same(operation, cache, warp);
    visit_state(state, destination);
    visit_global_access(state, global);
    visit_shared_access(state, shared);
    if (operation == OperationClass::copy_async) state.identity(warp.value(), copy_group);
}

/// Back to the warp scheduler: registers loaded, one cp.async of a group complete, or a fence passed.
struct MemoryCompletion {
    OperationClass operation = OperationClass::load_shared;
    WarpSlot warp;
    RegisterRange destination;
    std::uint32_t copy_group = 0;
    Payload payload;
};

inline void visit_state(StateVisitor& state, MemoryCompletion& completion) {
    auto& [operation, warp, destination, copy_group, payload] = completion;
    state.same(operation, warp);
    visit_state(state, destination);
    if (operation == OperationClass::copy_async) state.identity(warp.value(), copy_group);
}

/// A warp has arrived at a barrier of its CTA, or has ended and will arrive at none any more.
struct BarrierArrival {
    CtaSlot cta;
    std::uint8_t barrier = 0;
    std::uint8_t warps = 0;  ///< that take part; 0: all that have not ended
    bool ended = false;
};

inline void visit_state(StateVisitor& state, BarrierArrival& arrival) {
    const auto& [cta, barrier, warps, ended] = arrival;
    state.same(cta, barrier, warps, ended);
}

/// All warps that wait at this barrier of the CTA may go on.
struct BarrierRelease {
    CtaSlot cta;
    std::uint8_t barrier = 0;
};

inline void visit_state(StateVisitor& state, BarrierRelease& release) {
    const auto& [cta, barrier] = release;
    state.same(cta, barrier);
}

/// A CTA for the SM to run.
struct CtaLaunch {
    CtaIndex cta;
};

inline void visit_state(StateVisitor& state, CtaLaunch& launch) {
    const auto& [cta] = launch;
    state.same(cta);
}

/// A CTA has finished.
struct CtaDone {
    CtaIndex cta;
};

inline void visit_state(StateVisitor& state, CtaDone& done) {
    const auto& [cta] = done;
    state.same(cta);
}

/// A warp for a sub-core to run.
struct WarpLaunch {
    WarpSlot warp;
    CtaSlot cta_slot;
    CtaIndex cta;
    std::uint32_t warp_in_cta = 0;
    std::uint64_t shared_base = 0;  ///< of the CTA's allocation
};

inline void visit_state(StateVisitor& state, WarpLaunch& launch) {
    const auto& [warp, cta_slot, cta, warp_in_cta, shared_base] = launch;
    state.same(warp, cta_slot, cta, warp_in_cta, shared_base);
}

/// A warp has ended.
struct WarpExit {
    CtaSlot cta_slot;
};

inline void visit_state(StateVisitor& state, WarpExit& exit) {
    const auto& [cta_slot] = exit;
    state.same(cta_slot);
}

}  // namespace stcsim
