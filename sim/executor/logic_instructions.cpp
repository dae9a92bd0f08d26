/// and, or, xor, not of integers and predicates.
#include "executor/instruction_decoder.h"
#include "executor/lanes.h"

namespace stcsim {
namespace {

using U16 = std::uint16_t;
using U32 = std::uint32_t;
using U64 = std::uint64_t;

struct And {
    template <typename T>
    static T apply(T a, T b) {
        return static_cast<T>(a & b);
    }
};
struct Or {
    template <typename T>
    static T apply(T a, T b) {
        return static_cast<T>(a | b);
    }
};
struct Xor {
    template <typename T>
    static T apply(T a, T b) {
        return static_cast<T>(a ^ b);
    }
};
struct Not {
    template <typename T>
    static T apply(T a) {
        return static_cast<T>(~a);
    }
};
void predicate_logic(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32 a = w.predicate(i.a);
    switch (i.variant) {
        case 0: return w.set_predicate(i.d, lanes, a & w.predicate(i.b));
        case 1: return w.set_predicate(i.d, lanes, a | w.predicate(i.b));
        case 2: return w.set_predicate(i.d, lanes, a ^ w.predicate(i.b));
        default: return w.set_predicate(i.d, lanes, ~a);
    }
}

}  // namespace

void decode_logic(InstructionDecoder& decoder) {
    const std::string& opcode = decoder.ptx().opcode;
    DecodedInstruction& out = decoder.out;
    const PtxType type = decoder.type();
    const bool inverts = opcode == "not";
    decoder.expect_operands(inverts ? 2 : 3, inverts ? 2 : 3);
    out.unit = ExecutionUnit::integer;
    out.type = type;
    if (type == PtxType::pred) {
        out.variant = static_cast<std::uint16_t>(opcode == "and" ? 0 : opcode == "or" ? 1 : opcode == "xor" ? 2 : 3);
        out.a = decoder.predicate_source(decoder.operand(1));
        if (!inverts) out.b = decoder.predicate_source(decoder.operand(2));
        out.d = decoder.predicate_destination(decoder.operand(0));
        out.handler = predicate_logic;
    } else {
        out.a = decoder.source(1, type);
        if (!inverts) out.b = decoder.source(2, type);
        out.d = decoder.destination(0, type);
        if (opcode == "and") out.handler = binary_of<And>(type);
        if (opcode == "or") out.handler = binary_of<Or>(type);
        if (opcode == "xor") out.handler = binary_of<Xor>(type);
        if (inverts) out.handler = unary_of<Not>(type);
    }
    decoder.finish();
}

}  // namespace stcsim
