/// mov, cvta, isspacep.
#include "executor/generic_address.h"
#include "executor/instruction_decoder.h"
#include "executor/lanes.h"

namespace stcsim {
namespace {

using U32 = std::uint32_t;
using U64 = std::uint64_t;

template <typename T>
void move(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    write_lanes<T>(w.destination(i.d), lanes, [&](U32 lane) { return read_lane<T>(a, lane); });
}

void move_predicate(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    w.set_predicate(i.d, lanes, w.predicate(i.a));
}

/// {a, b, ...} -> d: `immediate` bits of each, the first lowest. `variant`: d is wide.
void pack(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32 bits = i.immediate;
    const U64 mask = (U64{1} << bits) - 1;
    U64 results[warp_lanes] = {};
    for (std::size_t k = 0; k < i.list.size(); ++k) {
        const U32* element = w.source(i.list[k]);
        for (U32 lane = 0; lane < warp_lanes; ++lane) results[lane] |= (element[lane] & mask) << bits * k;
    }
    U32* d = w.destination(i.d);
    if (i.variant != 0) {
        write_lanes<U64>(d, lanes, [&](U32 lane) { return results[lane]; });
    } else {
        write_lanes<U32>(d, lanes, [&](U32 lane) { return static_cast<U32>(results[lane]); });
    }
}

/// a -> {d, e, ...}
void unpack(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32 bits = i.immediate;
    const U64 mask = (U64{1} << bits) - 1;
    const U32* a = w.source(i.a);
    U64 values[warp_lanes];
    for (U32 lane = 0; lane < warp_lanes; ++lane) values[lane] = i.variant != 0 ? read_lane<U64>(a, lane) : a[lane];
    for (std::size_t k = 0; k < i.list.size(); ++k) {
        if (!i.list[k].present()) continue;
        write_lanes<U32>(w.destination(i.list[k]), lanes,
                         [&](U32 lane) { return static_cast<U32>(values[lane] >> bits * k & mask); });
    }
}

PtxType type_of_bits(U32 bits) {
    return bits == 8 ? PtxType::b8 : bits == 16 ? PtxType::b16 : PtxType::b32;
}

void decode_packing(InstructionDecoder& decoder, PtxType type, std::size_t packed_side) {
    DecodedInstruction& out = decoder.out;
    const auto elements = decoder.elements(packed_side);
    const U32 bits = 8 * bytes_of(type) / static_cast<U32>(elements.size());
    if ((elements.size() != 2 && elements.size() != 4) || (bits != 8 && bits != 16 && bits != 32)) {
        decoder.unsupported("vectors of this size");
    }
    out.immediate = bits;
    out.variant = is_wide(type) ? 1 : 0;
    const PtxType element_type = type_of_bits(bits);
    for (const PtxOperand* element : elements) {
        decoder.list.push_back(packed_side == 1 ? decoder.source(*element, element_type)
                                                : decoder.destination(*element, element_type));
    }
    if (packed_side == 1) {
        out.d = decoder.destination(0, type);
        out.handler = pack;
    } else {
        out.a = decoder.source(1, type);
        out.handler = unpack;
    }
}

/// cvta: adds the window's base, or takes it away; an address of another space than expected is the kernel's mistake
/// and shows when it is used. `immediate`: 1 to the space, 0 from it.
template <typename T>
void convert_address(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const U64 window = window_of(i.access.space);
    const U64 change = i.immediate != 0 ? U64{0} - window : window;
    write_lanes<T>(w.destination(i.d), lanes, [&](U32 lane) { return static_cast<T>(read_lane<T>(a, lane) + change); });
}

template <typename T>
void test_space(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    U32 result = 0;
    for (U32 lane = 0; lane < warp_lanes; ++lane) {
        result |= (space_of(read_lane<T>(a, lane)) == i.access.space ? 1U : 0U) << lane;
    }
    w.set_predicate(i.d, lanes, result);
}

PtxSpace take_space(InstructionDecoder& decoder) {
    const auto found =
        decoder.modifiers.take_one_of({"global", "shared", "local", "const", "param", "shared::cta", "param::entry"});
    if (!found) decoder.unsupported("no state space that is known");
    return std::array{PtxSpace::global, PtxSpace::shared, PtxSpace::local, PtxSpace::constant,
                      PtxSpace::param,  PtxSpace::shared, PtxSpace::param}[*found];
}

}  // namespace

void decode_move(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    const PtxType type = decoder.type();
    decoder.expect_operands(2, 2);
    out.unit = ExecutionUnit::integer;
    out.type = type;
    if (type == PtxType::pred) {
        out.a = decoder.predicate_source(decoder.operand(1));
        out.d = decoder.predicate_destination(decoder.operand(0));
        out.handler = move_predicate;
    } else if (type == PtxType::b128) {
        decoder.unsupported("128-bit registers");
    } else if (decoder.operand(1).kind == PtxOperand::Kind::vector) {
        decode_packing(decoder, type, 1);
    } else if (decoder.operand(0).kind == PtxOperand::Kind::vector) {
        decode_packing(decoder, type, 0);
    } else if (decoder.operand(1).kind == PtxOperand::Kind::function) {
        if (!is_wide(type)) decoder.misfit("the address of a function in 32 bits", "a register of 64 bits");
        out.a = decoder.storage().constant(function_address(decoder.function(decoder.operand(1))), true);
        out.d = decoder.destination(0, type);
        out.handler = move<U64>;
    } else {
        out.a = decoder.source(1, type);
        out.d = decoder.destination(0, type);
        out.handler = is_wide(type) ? move<U64> : move<U32>;
    }
    decoder.finish();
}

void decode_address(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    const bool tests = decoder.ptx().opcode == "isspacep";
    out.immediate = decoder.modifiers.take("to") ? 1 : 0;
    out.access.space = take_space(decoder);
    out.unit = ExecutionUnit::integer;
    decoder.expect_operands(2, 2);
    if (tests) {
        const bool wide = is_wide(decoder.register_type(decoder.operand(1), PtxType::b64));
        out.a = decoder.source(1, wide ? PtxType::b64 : PtxType::b32);
        out.d = decoder.predicate_destination(decoder.operand(0));
        // No address tells constant from global memory here.
        if (out.access.space == PtxSpace::constant) decoder.unsupported("constant memory");
        out.handler = wide ? test_space<U64> : test_space<U32>;
    } else {
        const PtxType type = decoder.type();
        out.type = type;
        out.a = decoder.source(1, type);
        out.d = decoder.destination(0, type);
        out.handler = is_wide(type) ? convert_address<U64> : convert_address<U32>;
    }
    decoder.finish();
}

}  // namespace stcsim
