/// Branches, exits, fences, barriers.
#include <bit>

#include <fmt/format.h>

#include "executor/execute_control.h"
#include "executor/instruction_decoder.h"
#include "executor/lanes.h"

namespace stcsim {
namespace {

using U32 = std::uint32_t;

constexpr U32 barriers = 16;  ///< of a CTA (PTX ISA, "bar")

void synchronise(WarpExecution& warp, const DecodedInstruction&, U32) {
    warp.cta().synchronise_memory();
}
void trap(WarpExecution& warp, const DecodedInstruction&, U32) {
    warp.state().fault("trap");
}

/// The barrier's number; all lanes must name the same one.
std::uint8_t barrier_number(WarpState& w, const DecodedInstruction& i, U32 lanes) {
    const U32 number = w.source(i.a)[WarpState::first_lane(lanes)];
    if (number >= barriers) w.fault(fmt::format("barrier {} of {}", number, barriers));
    return static_cast<std::uint8_t>(number);
}
U32 expected_threads(WarpState& w, const DecodedInstruction& i, U32 lanes) {
    if (!i.b.present()) return 0;
    const U32 threads = w.source(i.b)[WarpState::first_lane(lanes)];
    if (threads % warp_lanes != 0) w.fault(fmt::format("a barrier of {} threads, which are not whole warps,", threads));
    return threads;
}

void wait_at_barrier(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    warp.wait_at(barrier_number(w, i, lanes), expected_threads(w, i, lanes));
}
void arrive_at_barrier(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    w.cta->arrive({barrier_number(w, i, lanes), expected_threads(w, i, lanes)});
}
void reduce_at_barrier(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const std::uint8_t number = barrier_number(w, i, lanes);
    w.cta->contribute(number, lanes, lanes & w.predicate(i.p));
    warp.wait_at(number, expected_threads(w, i, lanes));
}

constexpr std::uint16_t reduces_and = 1;
constexpr std::uint16_t reduces_or = 2;
constexpr std::uint16_t reduces_popc = 3;

}  // namespace

void execute_exit(WarpExecution& warp, const DecodedInstruction&, U32 lanes) {
    WarpState& w = warp.state();
    if ((w.live & ~lanes) == 0) report_outstanding_copies(w);
}

void finish_barrier_reduction(WarpExecution& warp, const DecodedInstruction& i, U32 lanes, U32 participants,
                              U32 holding) {
    WarpState& w = warp.state();
    if (i.variant == reduces_popc) {
        write_lanes<U32>(w.destination(i.d), lanes, [&](U32) { return holding; });
        return;
    }
    const bool result = i.variant == reduces_and ? holding == participants : holding > 0;
    w.set_predicate(i.d, lanes, result ? ~0U : 0U);
}

void decode_control(InstructionDecoder& decoder) {
    const std::string& opcode = decoder.ptx().opcode;
    DecodedInstruction& out = decoder.out;
    if (opcode == "bra") {
        decoder.modifiers.drop({"uni"});
        decoder.expect_operands(1, 1);
        if (decoder.operand(0).kind != PtxOperand::Kind::label) decoder.misfit("a target that is no label", "a label");
        out.unit = ExecutionUnit::branch;
        out.target = decoder.operand(0).index;
    } else if (opcode == "ret" && decoder.in_function()) {
        decoder.modifiers.drop({"uni"});
        out.unit = ExecutionUnit::function_return;
    } else if (opcode == "exit" || opcode == "ret") {
        decoder.modifiers.drop({"uni"});
        out.unit = ExecutionUnit::exit;
        out.handler = execute_exit;
    } else if (opcode == "trap" || opcode == "brkpt") {
        out.unit = ExecutionUnit::trap;
        out.handler = trap;
    } else {
        decoder.modifiers.drop({"sc", "acq_rel", "acquire", "release", "cta", "gl", "gpu", "sys", "cluster"});
        if (decoder.modifiers.take("proxy")) decoder.unsupported("proxies need sm_90");
        out.unit = ExecutionUnit::fence;
        out.handler = synchronise;
    }
    decoder.finish();
}

void decode_barrier(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    Modifiers& modifiers = decoder.modifiers;
    const bool warp = modifiers.take("warp");
    if (warp) {
        if (!modifiers.take("sync")) decoder.unsupported();
        decoder.expect_operands(1, 1);
        out.unit = ExecutionUnit::warp_sync;
        out.warp_wide = WarpWide::named_lanes;
        out.e = decoder.source(0, PtxType::b32);
        return decoder.finish();
    }
    modifiers.drop({"cta", "aligned"});
    if (modifiers.take("cluster")) decoder.unsupported("clusters need sm_90");
    out.unit = ExecutionUnit::barrier;
    out.warp_wide = WarpWide::all_lanes;
    if (modifiers.take("red")) {
        const auto operation = modifiers.take_one_of({"and", "or", "popc"});
        if (!operation) decoder.unsupported();
        const PtxType type = decoder.type();
        decoder.expect_operands(3, 4);
        out.variant = static_cast<std::uint16_t>(reduces_and + *operation);
        out.a = decoder.source(1, PtxType::b32);
        if (decoder.operands() == 4) out.b = decoder.source(2, PtxType::b32);
        out.p = decoder.predicate_source(decoder.operand(decoder.operands() - 1));
        out.d = type == PtxType::pred ? decoder.predicate_destination(decoder.operand(0))
                                      : decoder.destination(0, PtxType::u32);
        if ((type == PtxType::pred) != (out.variant != reduces_popc)) decoder.unsupported();
        out.handler = reduce_at_barrier;
        return decoder.finish();
    }
    const bool arrives = modifiers.take("arrive");
    if (!arrives && !modifiers.take("sync")) decoder.unsupported();
    decoder.expect_operands(arrives ? 2 : 1, 2);
    out.a = decoder.source(0, PtxType::b32);
    if (decoder.operands() == 2) out.b = decoder.source(1, PtxType::b32);
    out.handler = arrives ? arrive_at_barrier : wait_at_barrier;
    decoder.finish();
}

}  // namespace stcsim
