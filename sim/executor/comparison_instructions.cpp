/// setp, set, testp, selp, slct, copysign.
#include <cmath>

#include "executor/half.h"
#include "executor/instruction_decoder.h"
#include "executor/lanes.h"

namespace stcsim {
namespace {

using U32 = std::uint32_t;

enum class Comparison : std::uint8_t { eq, ne, lt, le, gt, ge, equ, neu, ltu, leu, gtu, geu, num, nan };

/// Compares ordered values. For floats a NaN makes the plain ones false and those with `u` true.
template <typename T>
bool holds(Comparison comparison, T a, T b) {
    bool unordered = false;
    if constexpr (std::is_floating_point_v<T>) unordered = std::isnan(a) || std::isnan(b);
    switch (comparison) {
        case Comparison::eq: return a == b;
        case Comparison::ne: return !unordered && a != b;
        case Comparison::lt: return a < b;
        case Comparison::le: return a <= b;
        case Comparison::gt: return a > b;
        case Comparison::ge: return a >= b;
        case Comparison::equ: return unordered || a == b;
        case Comparison::neu: return unordered || a != b;
        case Comparison::ltu: return unordered || a < b;
        case Comparison::leu: return unordered || a <= b;
        case Comparison::gtu: return unordered || a > b;
        case Comparison::geu: return unordered || a >= b;
        case Comparison::num: return !unordered;
        case Comparison::nan: return unordered;
    }
    return false;
}

template <typename T>
T comparable(T x) {
    return x;
}
float comparable(Half x) {
    return to_float(x);
}
float comparable(BrainFloat x) {
    return to_float(x);
}

constexpr std::uint16_t flush_bit = 0x100;
constexpr U32 no_combination = 3;

template <typename T>
T input(T x, bool flush) {
    if constexpr (std::is_same_v<T, float>) {
        if (flush && std::abs(x) < 0x1p-126F) return std::copysign(0.0F, x);
    }
    return x;
}

/// Lanes in which the comparison holds.
template <typename T>
U32 compare(const U32* a, const U32* b, Comparison comparison, bool flush) {
    U32 result = 0;
    for (U32 lane = 0; lane < warp_lanes; ++lane) {
        const auto x = input(comparable(read_lane<T>(a, lane)), flush);
        const auto y = input(comparable(read_lane<T>(b, lane)), flush);
        result |= (holds(comparison, x, y) ? 1U : 0U) << lane;
    }
    return result;
}

/// .and, .or, .xor with a predicate.
U32 combined(const WarpState& w, const DecodedInstruction& i, U32 result) {
    switch (i.immediate) {
        case 0: return result & w.predicate(i.p);
        case 1: return result | w.predicate(i.p);
        case 2: return result ^ w.predicate(i.p);
        default: return result;
    }
}

template <typename T>
void set_predicates(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const auto comparison = static_cast<Comparison>(i.variant & 0xFFU);
    const U32 result = compare<T>(w.source(i.a), w.source(i.b), comparison, (i.variant & flush_bit) != 0);
    const U32 other = combined(w, i, ~result);
    w.set_predicate(i.d, lanes, combined(w, i, result));
    w.set_predicate(i.d2, lanes, other);
}

/// Lanes in which the comparison, with its combination, holds.
struct PairLanes {
    U32 low, high;
};

template <typename H>
PairLanes compare_pairs(const WarpState& w, const DecodedInstruction& i) {
    const auto comparison = static_cast<Comparison>(i.variant & 0xFFU);
    const U32* a = w.source(i.a);
    const U32* b = w.source(i.b);
    U32 upper_a[warp_lanes];
    U32 upper_b[warp_lanes];
    for (U32 lane = 0; lane < warp_lanes; ++lane) {
        upper_a[lane] = a[lane] >> 16U;
        upper_b[lane] = b[lane] >> 16U;
    }
    return {.low = combined(w, i, compare<H>(a, b, comparison, false)),
            .high = combined(w, i, compare<H>(upper_a, upper_b, comparison, false))};
}

/// Pairs: one predicate for each half.
template <typename H>
void set_predicates_of_pair(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    const PairLanes holds = compare_pairs<H>(warp.state(), i);
    warp.state().set_predicate(i.d, lanes, holds.low);
    warp.state().set_predicate(i.d2, lanes, holds.high);
}

/// Pairs: each half of `e` where it holds, else 0.
template <typename H>
void set_values_of_pair(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const PairLanes holds = compare_pairs<H>(w, i);
    const U32* one = w.source(i.e);
    write_lanes<U32>(w.destination(i.d), lanes, [&](U32 lane) {
        const U32 low = (holds.low >> lane & 1U) != 0 ? one[lane] & 0xFFFFU : 0U;
        return low | ((holds.high >> lane & 1U) != 0 ? one[lane] & 0xFFFF0000U : 0U);
    });
}

/// set: all bits or 1.0 where it holds (`e`), else 0.
template <typename T>
void set_values(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const auto comparison = static_cast<Comparison>(i.variant & 0xFFU);
    const U32 result =
        combined(w, i, compare<T>(w.source(i.a), w.source(i.b), comparison, (i.variant & flush_bit) != 0));
    const U32* one = w.source(i.e);
    write_lanes<U32>(w.destination(i.d), lanes, [&](U32 lane) { return (result >> lane & 1U) != 0 ? one[lane] : 0U; });
}

InstructionHandler compare_of(PtxType type, bool value) {
    switch (type) {
        case PtxType::b16:
        case PtxType::u16: return value ? set_values<std::uint16_t> : set_predicates<std::uint16_t>;
        case PtxType::b32:
        case PtxType::u32: return value ? set_values<std::uint32_t> : set_predicates<std::uint32_t>;
        case PtxType::b64:
        case PtxType::u64: return value ? set_values<std::uint64_t> : set_predicates<std::uint64_t>;
        case PtxType::s16: return value ? set_values<std::int16_t> : set_predicates<std::int16_t>;
        case PtxType::s32: return value ? set_values<std::int32_t> : set_predicates<std::int32_t>;
        case PtxType::s64: return value ? set_values<std::int64_t> : set_predicates<std::int64_t>;
        case PtxType::f32: return value ? set_values<float> : set_predicates<float>;
        case PtxType::f64: return value ? set_values<double> : set_predicates<double>;
        case PtxType::f16: return value ? set_values<Half> : set_predicates<Half>;
        case PtxType::bf16: return value ? set_values<BrainFloat> : set_predicates<BrainFloat>;
        case PtxType::f16x2: return value ? set_values_of_pair<Half> : set_predicates_of_pair<Half>;
        case PtxType::bf16x2: return value ? set_values_of_pair<BrainFloat> : set_predicates_of_pair<BrainFloat>;
        default: return nullptr;
    }
}

ExecutionUnit unit_of(PtxType type) {
    if (type == PtxType::f32) return ExecutionUnit::f32;
    if (type == PtxType::f64) return ExecutionUnit::f64;
    return is_float_type(type) ? ExecutionUnit::f16 : ExecutionUnit::integer;
}

enum class FloatTest : std::uint8_t { finite, infinite, number, notanumber, normal, subnormal };

template <typename T>
void test_property(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    U32 result = 0;
    for (U32 lane = 0; lane < warp_lanes; ++lane) {
        const T x = read_lane<T>(a, lane);
        bool is = false;
        switch (static_cast<FloatTest>(i.variant)) {
            case FloatTest::finite: is = std::isfinite(x); break;
            case FloatTest::infinite: is = std::isinf(x); break;
            case FloatTest::number: is = !std::isnan(x); break;
            case FloatTest::notanumber: is = std::isnan(x); break;
            case FloatTest::normal: is = std::isnormal(x); break;
            case FloatTest::subnormal: is = std::fpclassify(x) == FP_SUBNORMAL; break;
        }
        result |= (is ? 1U : 0U) << lane;
    }
    w.set_predicate(i.d, lanes, result);
}

/// Definedness follows the side that is taken.
void track_selection(WarpState& w, const DecodedInstruction& i, U32 lanes, U32 first) {
    if (!w.tracks) return;
    const auto known = [&](std::uint16_t kernel_register) {
        return kernel_register == 0 ? ~0U : w.defined[kernel_register - 1U];
    };
    const U32 defined = (first & known(static_cast<std::uint16_t>(i.immediate))) |
                        (~first & known(static_cast<std::uint16_t>(i.immediate >> 16U)));
    for (const U32 number : i.writes) {
        w.defined[number] = (w.defined[number] & ~lanes) | (defined & lanes);
        if ((lanes & ~defined) != 0) w.suspect(number, lanes, w.suspicion_of(i.reads, lanes));
    }
}

template <typename T>
void select_by_predicate(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const U32* b = w.source(i.b);
    const U32 p = w.predicate(i.p);
    write_lanes<T>(w.destination(i.d), lanes,
                   [&](U32 lane) { return (p >> lane & 1U) != 0 ? read_lane<T>(a, lane) : read_lane<T>(b, lane); });
    if (i.tracks_definedness) track_selection(w, i, lanes, p);
}
template <typename T, typename C>
void select_by_sign(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const U32* b = w.source(i.b);
    const U32* c = w.source(i.c);
    write_lanes<T>(w.destination(i.d), lanes, [&](U32 lane) {
        return read_lane<C>(c, lane) >= C(0) ? read_lane<T>(a, lane) : read_lane<T>(b, lane);
    });
}
template <typename T>
void copy_sign(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const U32* b = w.source(i.b);
    write_lanes<T>(w.destination(i.d), lanes,
                   [&](U32 lane) { return std::copysign(read_lane<T>(b, lane), read_lane<T>(a, lane)); });
}

Comparison take_comparison(InstructionDecoder& decoder) {
    const auto named = decoder.modifiers.take_one_of(
        {"eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"});
    if (named) return static_cast<Comparison>(*named);
    const auto unsigned_name = decoder.modifiers.take_one_of({"lo", "ls", "hi", "hs"});
    if (!unsigned_name) decoder.unsupported("no comparison that is known");
    return std::array{Comparison::lt, Comparison::le, Comparison::gt, Comparison::ge}[*unsigned_name];
}

/// What `set` writes where the comparison of `compared` holds.
OperandPlace value_of_true(InstructionDecoder& decoder, PtxType type, PtxType compared) {
    const bool pairs = compared == PtxType::f16x2 || compared == PtxType::bf16x2;
    if (pairs && type == compared) {
        return decoder.storage().constant(type == PtxType::f16x2 ? 0x3C003C00 : 0x3F803F80, false);
    }
    if (pairs && type != PtxType::u32 && type != PtxType::s32) decoder.unsupported("pairs have no such result");
    if (type == PtxType::f32) return decoder.storage().constant(std::bit_cast<U32>(1.0F), false);
    if (type == PtxType::f16) return decoder.storage().constant(0x3C00, false);
    if (type == PtxType::bf16) return decoder.storage().constant(0x3F80, false);
    if (type == PtxType::u32 || type == PtxType::s32) return decoder.storage().constant(~0U, false);
    if (type == PtxType::u16 || type == PtxType::s16) return decoder.storage().constant(0xFFFF, false);
    decoder.unsupported("no result type that is known");
}

}  // namespace

void decode_comparison(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    if (decoder.ptx().opcode == "testp") {
        const auto test =
            decoder.modifiers.take_one_of({"finite", "infinite", "number", "notanumber", "normal", "subnormal"});
        const PtxType type = decoder.type();
        if (!test || (type != PtxType::f32 && type != PtxType::f64)) decoder.unsupported();
        decoder.expect_operands(2, 2);
        out.variant = static_cast<std::uint16_t>(*test);
        out.unit = unit_of(type);
        out.a = decoder.source(1, type);
        out.d = decoder.predicate_destination(decoder.operand(0));
        out.handler = type == PtxType::f32 ? test_property<float> : test_property<double>;
        return decoder.finish();
    }
    const bool value = decoder.ptx().opcode == "set";
    out.variant = static_cast<std::uint16_t>(take_comparison(decoder));
    if (decoder.modifiers.take("ftz")) out.variant |= flush_bit;
    const auto combination = decoder.modifiers.take_one_of({"and", "or", "xor"});
    out.immediate = combination ? static_cast<U32>(*combination) : no_combination;
    const PtxType result = value ? decoder.type() : PtxType::pred;
    const PtxType type = decoder.type();
    decoder.expect_operands(combination ? 4 : 3, combination ? 4 : 3);
    out.unit = unit_of(type);
    out.type = type;
    out.a = decoder.source(1, type);
    out.b = decoder.source(2, type);
    if (combination) out.p = decoder.predicate_source(decoder.operand(3));
    if (value) {
        out.d = decoder.destination(0, result);
        out.e = value_of_true(decoder, result, type);
    } else {
        out.d = decoder.destination_with_predicate(0, PtxType::pred);
    }
    out.handler = compare_of(type, value);
    if (out.handler == nullptr) decoder.unsupported("it does not exist for this type");
    decoder.finish();
}

namespace {

void decode_select(InstructionDecoder& decoder, PtxType type) {
    DecodedInstruction& out = decoder.out;
    decoder.expect_operands(4, 4);
    out.a = decoder.source(1, type);
    out.b = decoder.source(2, type);
    out.p = decoder.predicate_source(decoder.operand(3));
    out.d = decoder.destination(0, type);
    switch (bytes_of(type)) {
        case 2: out.handler = select_by_predicate<std::uint16_t>; break;
        case 4: out.handler = select_by_predicate<U32>; break;
        default: out.handler = select_by_predicate<std::uint64_t>; break;
    }
    // Kernel registers of both sides, plus one; 0: no register. Kernels with more than 65534 registers are followed
    // the plain way.
    const auto number = [&](std::size_t i) {
        return decoder.operand(i).kind == PtxOperand::Kind::reg ? decoder.operand(i).index + 1 : 0U;
    };
    if (number(1) <= 0xFFFFU && number(2) <= 0xFFFFU) {
        out.tracks_definedness = true;
        out.immediate = number(1) | number(2) << 16U;
    }
}

template <typename C>
InstructionHandler select_by_sign_of(PtxType type) {
    switch (bytes_of(type)) {
        case 2: return select_by_sign<std::uint16_t, C>;
        case 4: return select_by_sign<U32, C>;
        default: return select_by_sign<std::uint64_t, C>;
    }
}

}  // namespace

void decode_selection(InstructionDecoder& decoder) {
    const std::string& opcode = decoder.ptx().opcode;
    DecodedInstruction& out = decoder.out;
    decoder.modifiers.drop({"ftz"});
    const PtxType type = decoder.type();
    out.unit = ExecutionUnit::integer;
    out.type = type;
    if (opcode == "selp") {
        decode_select(decoder, type);
    } else if (opcode == "slct") {
        const PtxType sign = decoder.type();
        decoder.expect_operands(4, 4);
        out.a = decoder.source(1, type);
        out.b = decoder.source(2, type);
        out.c = decoder.source(3, sign);
        out.d = decoder.destination(0, type);
        out.handler = sign == PtxType::f32 ? select_by_sign_of<float>(type) : select_by_sign_of<std::int32_t>(type);
    } else {
        if (type != PtxType::f32 && type != PtxType::f64) decoder.unsupported();
        decoder.expect_operands(3, 3);
        out.a = decoder.source(1, type);
        out.b = decoder.source(2, type);
        out.d = decoder.destination(0, type);
        out.handler = type == PtxType::f32 ? copy_sign<float> : copy_sign<double>;
    }
    decoder.finish();
}

}  // namespace stcsim
