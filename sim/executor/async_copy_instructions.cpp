/// cp.async and its groups.
#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "executor/execute_control.h"
#include "executor/instruction_decoder.h"
#include "executor/lanes.h"
#include "executor/memory_access.h"
#include "executor/memory_modifiers.h"

namespace stcsim {
namespace {

using U32 = std::uint32_t;

/// The bytes a lane's copy reads; the rest is zeros.
U32 source_bytes(const WarpState& w, const DecodedInstruction& i, U32 lane) {
    if ((w.step->source.global_lanes >> lane & 1U) == 0) return 0;
    return i.c.present() ? std::min<U32>(w.source(i.c)[lane], i.access.element_bytes) : i.access.element_bytes;
}

void note_suspicion(AsyncCopy& copy, U32 lane, U32 suspicion) {
    if (suspicion == Suspicions::none) return;
    copy.suspicious_lanes |= 1U << lane;
    copy.suspicion = suspicion;
}

void start_copy(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const StepAccess& shared = w.step->access;
    SharedWatch watch(w);
    GlobalWatch global(w, w.step->source.global_lanes);
    AsyncCopy& copy = w.copies.start(w.step->number, lanes, i.access.element_bytes);
    for_each_lane(lanes, [&](U32 lane) {
        copy.data[lane] = {};
        copy.address[lane] = static_cast<U32>(shared.addresses[lane]);
        if (lane_memory(w, shared, lane) == nullptr) {
            copy.lanes &= ~(1U << lane);
            return;
        }
        StepAccess source = {};
        const U32 bytes = source_bytes(w, i, lane);
        if (bytes > 0) {
            source.addresses[lane] = w.step->source.addresses[lane];
            source.global_lanes = 1U << lane;
            source.bytes_per_lane = i.access.element_bytes;
            // Of a partly filled copy only the bytes that are read must exist.
            const std::byte* memory = bytes == i.access.element_bytes
                                          ? lane_memory(w, source, lane)
                                          : w.cta->launch().memory->find(source.addresses[lane], bytes);
            if (memory == nullptr && bytes != i.access.element_bytes) lane_memory(w, source, lane);
            if (memory != nullptr) std::memcpy(copy.data[lane].data(), memory, bytes);
            if (global.watches(lane)) note_suspicion(copy, lane, global.read(source.addresses[lane], bytes));
        }
        if (watch.watches()) watch.begin_copy(shared.addresses[lane], i.access.element_bytes, lane);
    });
}

/// Writes what has been waited for.
void deliver(WarpState& w, const AsyncCopy& copy, U32 lanes) {
    SharedShadow* const shadow = w.cta->shadow();
    const SharedActor actor{static_cast<std::uint8_t>(w.warp), false, copy.instruction};
    for_each_lane(lanes, [&](U32 lane) {
        std::memcpy(w.cta->shared().data() + copy.address[lane], copy.data[lane].data(), copy.bytes);
        if (shadow == nullptr) return;
        const bool defined = (copy.suspicious_lanes >> lane & 1U) == 0;
        shadow->end_copy(copy.address[lane], copy.bytes, actor, defined);
        if (!defined) shadow->suspect(copy.address[lane], copy.bytes, copy.suspicion);
    });
}

void commit_group(WarpExecution& warp, const DecodedInstruction&, U32 lanes) {
    warp.state().copies.commit(lanes);
}
void wait_group(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    w.copies.wait(lanes, i.immediate, [&](const AsyncCopy& copy, U32 complete) { deliver(w, copy, complete); });
}
void wait_all(WarpExecution& warp, const DecodedInstruction&, U32 lanes) {
    WarpState& w = warp.state();
    w.copies.wait_all(lanes, [&](const AsyncCopy& copy, U32 complete) { deliver(w, copy, complete); });
}

void decode_copy(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    out.unit = ExecutionUnit::copy_async;
    const bool all_levels = decoder.modifiers.take_one_of({"cg", "ca"}).value_or(0) == 1;
    // The first space is that of the destination.
    if (!decoder.modifiers.take("shared") && !decoder.modifiers.take("shared::cta")) {
        decoder.unsupported("it does not copy to shared memory");
    }
    if (!decoder.modifiers.take("global")) decoder.unsupported("it does not copy from global memory");
    const bool policy = decoder.modifiers.take("L2::cache_hint");
    decoder.modifiers.drop_prefixed("L2::");
    decoder.finish();
    decoder.expect_operands(3, 5);
    const auto bytes = decoder.immediate(2);
    if (bytes != 16 && !(all_levels && (bytes == 4 || bytes == 8))) {
        decoder.misfit(fmt::format("a copy of {} bytes", bytes), all_levels ? "4, 8 or 16" : "16");
    }
    const auto to = decoder.memory(0, PtxSpace::shared);
    const auto from = decoder.memory(1, PtxSpace::global);
    out.a = to.base;
    out.offset = to.offset;
    out.wide_address = to.wide;
    out.b = from.base;
    out.second_offset = from.offset;
    out.wide_source = from.wide;
    out.access = {PtxSpace::shared, static_cast<std::uint8_t>(bytes), 1, true, false};
    // Then come the source's size or a predicate that ignores it, and the cache policy.
    const std::size_t size_operands = decoder.operands() - 3 - (policy ? 1 : 0);
    if (size_operands == 1) {
        const PtxOperand& size = decoder.operand(3);
        if (decoder.register_type(size, PtxType::b32) == PtxType::pred) {
            out.p = decoder.predicate_source(size);
        } else {
            out.c = decoder.source(size, PtxType::b32);
        }
    }
    if (policy) decoder.source(decoder.operands() - 1, PtxType::b64);
    out.handler = start_copy;
}

}  // namespace

void decode_async_copy(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    if (!decoder.modifiers.take("async")) decoder.unsupported();
    if (decoder.modifiers.take("commit_group")) {
        out.unit = ExecutionUnit::commit_group;
        out.handler = commit_group;
    } else if (decoder.modifiers.take("wait_group")) {
        out.unit = ExecutionUnit::wait_group;
        out.immediate = static_cast<U32>(decoder.immediate(0));
        out.handler = wait_group;
    } else if (decoder.modifiers.take("wait_all")) {
        out.unit = ExecutionUnit::wait_group;
        out.variant = 1;
        out.handler = wait_all;
    } else if (decoder.modifiers.take("bulk") || decoder.modifiers.take("mbarrier")) {
        decoder.unsupported("bulk copies and mbarriers are not modelled");
    } else {
        return decode_copy(decoder);
    }
    decoder.finish();
}

void report_outstanding_copies(WarpState& w) {
    if (!w.tracks || w.copies.outstanding() == 0) return;
    const AsyncCopy& first = w.copies.copy(0);
    const PtxInstruction& ptx = *w.kernel->instructions()[first.instruction].ptx;
    w.report(FindingKind::unreached_wait_group, ptx, WarpState::first_lane(first.lanes), [&] {
        return fmt::format(
            "the warp ended with {} cp.async whose group it never waited for (this is the first): a "
            "cp.async.wait_group was not reached, or leaves too many groups pending",
            w.copies.outstanding());
    });
}

}  // namespace stcsim
