/// shfl, vote, match, activemask, redux, movmatrix: what the lanes of a warp tell each other.
#include <algorithm>
#include <bit>

#include "executor/instruction_decoder.h"
#include "executor/integer_operations.h"
#include "executor/lanes.h"

namespace stcsim {
namespace {

using U32 = std::uint32_t;
using U64 = std::uint64_t;
using integer_operations::Maximum;
using integer_operations::Minimum;

enum class Shuffle : std::uint16_t { up, down, bfly, idx };

struct ShuffleSource {
    U32 lane;
    bool inside;
};

/// PTX ISA, "shfl.sync": c holds the clamp in bits 4:0 and the mask of the segment in bits 12:8.
ShuffleSource shuffle_source(Shuffle mode, U32 lane, U32 b, U32 c) {
    const U32 offset = b & 31U;
    const U32 segment = c >> 8U & 31U;
    const U32 clamp = c & 31U;
    const U32 highest = (lane & segment) | (clamp & ~segment & 31U);
    const U32 lowest = lane & segment;
    U32 from = lane;
    bool inside = false;
    switch (mode) {
        case Shuffle::up:
            from = lane - offset;
            inside = static_cast<std::int32_t>(from) >= static_cast<std::int32_t>(highest);
            break;
        case Shuffle::down:
            from = lane + offset;
            inside = from <= highest;
            break;
        case Shuffle::bfly:
            from = lane ^ offset;
            inside = from <= highest;
            break;
        case Shuffle::idx:
            from = lowest | (offset & ~segment);
            inside = from <= highest;
            break;
    }
    return {inside ? from : lane, inside};
}

void shuffle(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const U32* b = w.source(i.b);
    const U32* c = w.source(i.c);
    const auto mode = static_cast<Shuffle>(i.variant);
    U32 inside = 0;
    U32 results[warp_lanes];
    for (U32 lane = 0; lane < warp_lanes; ++lane) {
        const ShuffleSource source = shuffle_source(mode, lane, b[lane], c[lane]);
        results[lane] = a[source.lane];
        inside |= (source.inside ? 1U : 0U) << lane;
    }
    if (i.d.present()) write_lanes<U32>(w.destination(i.d), lanes, [&](U32 lane) { return results[lane]; });
    w.set_predicate(i.d2, lanes, inside);
}

enum class Vote : std::uint16_t { all, any, uni, ballot };

void vote(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32 holding = w.predicate(i.p) & lanes;
    switch (static_cast<Vote>(i.variant)) {
        case Vote::all: return w.set_predicate(i.d, lanes, holding == lanes ? ~0U : 0U);
        case Vote::any: return w.set_predicate(i.d, lanes, holding != 0 ? ~0U : 0U);
        case Vote::uni: return w.set_predicate(i.d, lanes, holding == lanes || holding == 0 ? ~0U : 0U);
        case Vote::ballot: return write_lanes<U32>(w.destination(i.d), lanes, [&](U32) { return holding; });
    }
}

void active_mask(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    write_lanes<U32>(w.destination(i.d), lanes, [&](U32) { return lanes; });
}

template <typename T>
void match(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    U32 results[warp_lanes] = {};
    bool same = true;
    for_each_lane(lanes, [&](U32 lane) {
        for_each_lane(lanes, [&](U32 other) {
            if (read_lane<T>(a, lane) == read_lane<T>(a, other)) results[lane] |= 1U << other;
        });
        same = same && results[lane] == lanes;
    });
    const bool all = i.variant != 0;
    if (i.d.present()) {
        write_lanes<U32>(w.destination(i.d), lanes, [&](U32 lane) { return !all ? results[lane] : same ? lanes : 0U; });
    }
    w.set_predicate(i.d2, lanes, same ? ~0U : 0U);
}

template <typename T, typename Operation>
void reduce(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    T result = read_lane<T>(a, WarpState::first_lane(lanes));
    for_each_lane(lanes & (lanes - 1), [&](U32 lane) { result = Operation::apply(result, read_lane<T>(a, lane)); });
    write_lanes<T>(w.destination(i.d), lanes, [&](U32) { return result; });
}
struct Sum {
    static U32 apply(U32 a, U32 b) { return a + b; }
};
struct All {
    static U32 apply(U32 a, U32 b) { return a & b; }
};
struct Some {
    static U32 apply(U32 a, U32 b) { return a | b; }
};
struct Odd {
    static U32 apply(U32 a, U32 b) { return a ^ b; }
};

InstructionHandler reduction(std::size_t operation, PtxType type) {
    const bool is_signed = type == PtxType::s32;
    switch (operation) {
        case 0: return reduce<U32, Sum>;
        case 1: return is_signed ? reduce<std::int32_t, Minimum> : reduce<U32, Minimum>;
        case 2: return is_signed ? reduce<std::int32_t, Maximum> : reduce<U32, Maximum>;
        case 3: return reduce<U32, All>;
        case 4: return reduce<U32, Some>;
        default: return reduce<U32, Odd>;
    }
}

/// Lane 4 r + c holds elements 2 c and 2 c + 1 of row r of an 8 x 8 matrix of 16-bit elements.
void transpose_matrix(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const auto element = [&](U32 row, U32 column) { return a[4 * row + column / 2] >> 16 * (column % 2) & 0xFFFFU; };
    write_lanes<U32>(w.destination(i.d), lanes, [&](U32 lane) {
        const U32 row = lane / 4;
        const U32 column = 2 * (lane % 4);
        return element(column, row) | element(column + 1, row) << 16U;
    });
}

}  // namespace

void decode_shuffle(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    out.unit = ExecutionUnit::shuffle;
    if (!decoder.modifiers.take("sync")) decoder.unsupported("forms without .sync do not exist on sm_80");
    if (decoder.ptx().opcode == "movmatrix") {
        decoder.modifiers.drop({"aligned", "m8n8", "trans", "b16"});
        decoder.expect_operands(2, 2);
        out.warp_wide = WarpWide::all_lanes;
        out.a = decoder.source(1, PtxType::b32);
        out.d = decoder.destination(0, PtxType::b32);
        out.handler = transpose_matrix;
        return decoder.finish();
    }
    const auto mode = decoder.modifiers.take_one_of({"up", "down", "bfly", "idx"});
    if (!mode) decoder.unsupported();
    decoder.type();
    decoder.expect_operands(5, 5);
    out.variant = static_cast<std::uint16_t>(*mode);
    out.warp_wide = WarpWide::named_lanes;
    out.a = decoder.source(1, PtxType::b32);
    out.b = decoder.source(2, PtxType::b32);
    out.c = decoder.source(3, PtxType::b32);
    out.e = decoder.source(4, PtxType::b32);
    out.d = decoder.destination_with_predicate(0, PtxType::b32);
    out.handler = shuffle;
    decoder.finish();
}

void decode_vote(InstructionDecoder& decoder) {
    const std::string& opcode = decoder.ptx().opcode;
    DecodedInstruction& out = decoder.out;
    out.unit = ExecutionUnit::vote;
    if (opcode == "activemask") {
        decoder.type();
        decoder.expect_operands(1, 1);
        out.d = decoder.destination(0, PtxType::b32);
        out.handler = active_mask;
        return decoder.finish();
    }
    if (!decoder.modifiers.take("sync")) decoder.unsupported("forms without .sync do not exist on sm_80");
    decoder.expect_operands(3, 3);
    out.warp_wide = WarpWide::named_lanes;
    out.e = decoder.source(2, PtxType::b32);
    if (opcode == "vote") {
        const auto mode = decoder.modifiers.take_one_of({"all", "any", "uni", "ballot"});
        if (!mode) decoder.unsupported();
        decoder.type();
        out.variant = static_cast<std::uint16_t>(*mode);
        out.p = decoder.predicate_source(decoder.operand(1));
        out.d = *mode == 3 ? decoder.destination(0, PtxType::b32) : decoder.predicate_destination(decoder.operand(0));
        out.handler = vote;
    } else if (opcode == "match") {
        const auto mode = decoder.modifiers.take_one_of({"any", "all"});
        if (!mode) decoder.unsupported();
        const PtxType type = decoder.type();
        out.variant = static_cast<std::uint16_t>(*mode);
        out.a = decoder.source(1, type);
        out.d = decoder.destination_with_predicate(0, PtxType::b32);
        out.handler = is_wide(type) ? match<U64> : match<U32>;
    } else {
        const auto operation = decoder.modifiers.take_one_of({"add", "min", "max", "and", "or", "xor"});
        if (!operation) decoder.unsupported();
        const PtxType type = decoder.type();
        if (bytes_of(type) != 4 || type == PtxType::f32) decoder.unsupported("it exists for 32-bit integers");
        out.a = decoder.source(1, type);
        out.d = decoder.destination(0, type);
        out.handler = reduction(*operation, type);
    }
    decoder.finish();
}

}  // namespace stcsim
