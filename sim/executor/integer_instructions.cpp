/// add, sub, mul, mad, min, max, abs, neg, div, rem, sad, dot products of integers.
#include "executor/arithmetic_families.h"
#include "executor/instruction_decoder.h"
#include "executor/integer_operations.h"
#include "executor/lanes.h"

namespace stcsim {
namespace {

using namespace integer_operations;

/// d = c + sum of four products of bytes.
template <typename A, typename B>
struct DotBytes {
    static std::uint32_t apply(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
        for (std::uint32_t i = 0; i < 4; ++i) {
            c += static_cast<std::uint32_t>(std::int32_t{static_cast<A>(a >> 8 * i)} * static_cast<B>(b >> 8 * i));
        }
        return c;
    }
};

/// The carry of add.cc and its kin is a bit per lane. `variant`: 1 takes a carry in, 2 gives one out; subtraction
/// adds the complement and lends, so its carry means that something was borrowed.
template <typename T, bool subtracts>
void add_with_carry(WarpExecution& warp, const DecodedInstruction& i, std::uint32_t lanes) {
    WarpState& w = warp.state();
    const std::uint32_t* a = w.source(i.a);
    const std::uint32_t* b = w.source(i.b);
    const std::uint32_t before = (i.variant & 1U) != 0 ? w.carry : 0U;
    std::uint32_t after = 0;
    write_lanes<T>(w.destination(i.d), lanes, [&](std::uint32_t lane) {
        const T x = read_lane<T>(a, lane);
        const T y = read_lane<T>(b, lane);
        const T in = before >> lane & 1U;
        const T result = subtracts ? x - y - in : x + y + in;
        const bool out = subtracts ? (x < y || (x == y && in != 0)) : (result < x || (result == x && in != 0));
        after |= (out ? 1U : 0U) << lane;
        return result;
    });
    if ((i.variant & 2U) != 0) w.carry = (w.carry & ~lanes) | (after & lanes);
}

/// mad.lo.cc, mad.hi.cc, madc: the product's half plus c, with carry.
template <typename T, bool high>
void multiply_add_with_carry(WarpExecution& warp, const DecodedInstruction& i, std::uint32_t lanes) {
    WarpState& w = warp.state();
    const std::uint32_t* a = w.source(i.a);
    const std::uint32_t* b = w.source(i.b);
    const std::uint32_t* c = w.source(i.c);
    const std::uint32_t before = (i.variant & 1U) != 0 ? w.carry : 0U;
    using U = Wrapping<T>;
    std::uint32_t after = 0;
    write_lanes<T>(w.destination(i.d), lanes, [&](std::uint32_t lane) {
        const T x = read_lane<T>(a, lane);
        const T y = read_lane<T>(b, lane);
        const U half = static_cast<U>(high ? MultiplyHigh::apply(x, y) : MultiplyLow::apply(x, y));
        const U in = before >> lane & 1U;
        const U result = static_cast<U>(half + read_lane<U>(c, lane) + in);
        const bool out = result < half || (result == half && in != 0);
        after |= (out ? 1U : 0U) << lane;
        return static_cast<T>(result);
    });
    if ((i.variant & 2U) != 0) w.carry = (w.carry & ~lanes) | (after & lanes);
}

// Handlers for each integer type.
template <typename Operation>
InstructionHandler integer_unary_of(PtxType type) {
    switch (type) {
        case PtxType::s16: return unary<Operation, std::int16_t>;
        case PtxType::s32: return unary<Operation, std::int32_t>;
        case PtxType::s64: return unary<Operation, std::int64_t>;
        default: return nullptr;
    }
}
template <typename Operation>
InstructionHandler integer_binary_of(PtxType type) {
    switch (type) {
        case PtxType::s16: return binary<Operation, std::int16_t>;
        case PtxType::s32: return binary<Operation, std::int32_t>;
        case PtxType::s64: return binary<Operation, std::int64_t>;
        case PtxType::u16: return binary<Operation, std::uint16_t>;
        case PtxType::u32: return binary<Operation, std::uint32_t>;
        case PtxType::u64: return binary<Operation, std::uint64_t>;
        default: return nullptr;
    }
}
template <typename Operation>
InstructionHandler ternary_of(PtxType type) {
    switch (type) {
        case PtxType::s16: return ternary<Operation, std::int16_t>;
        case PtxType::s32: return ternary<Operation, std::int32_t>;
        case PtxType::s64: return ternary<Operation, std::int64_t>;
        case PtxType::u16: return ternary<Operation, std::uint16_t>;
        case PtxType::u32: return ternary<Operation, std::uint32_t>;
        case PtxType::u64: return ternary<Operation, std::uint64_t>;
        default: return nullptr;
    }
}
InstructionHandler multiply_wide_of(PtxType type) {
    switch (type) {
        case PtxType::s16: return binary<MultiplyWide, std::int16_t, std::int32_t>;
        case PtxType::u16: return binary<MultiplyWide, std::uint16_t, std::uint32_t>;
        case PtxType::s32: return binary<MultiplyWide, std::int32_t, std::int64_t>;
        case PtxType::u32: return binary<MultiplyWide, std::uint32_t, std::uint64_t>;
        default: return nullptr;
    }
}
InstructionHandler multiply_add_wide_of(PtxType type) {
    switch (type) {
        case PtxType::s16: return ternary<MultiplyAddWide, std::int16_t, std::int32_t>;
        case PtxType::u16: return ternary<MultiplyAddWide, std::uint16_t, std::uint32_t>;
        case PtxType::s32: return ternary<MultiplyAddWide, std::int32_t, std::int64_t>;
        case PtxType::u32: return ternary<MultiplyAddWide, std::uint32_t, std::uint64_t>;
        default: return nullptr;
    }
}
template <bool subtracts>
InstructionHandler carry_of(PtxType type) {
    switch (type) {
        case PtxType::u32:
        case PtxType::s32: return add_with_carry<std::uint32_t, subtracts>;
        case PtxType::u64:
        case PtxType::s64: return add_with_carry<std::uint64_t, subtracts>;
        default: return nullptr;
    }
}
template <bool high>
InstructionHandler multiply_carry_of(PtxType type) {
    switch (type) {
        case PtxType::u32: return multiply_add_with_carry<std::uint32_t, high>;
        case PtxType::s32: return multiply_add_with_carry<std::int32_t, high>;
        case PtxType::u64: return multiply_add_with_carry<std::uint64_t, high>;
        case PtxType::s64: return multiply_add_with_carry<std::int64_t, high>;
        default: return nullptr;
    }
}

PtxType wide_type(PtxType type) {
    switch (type) {
        case PtxType::s16: return PtxType::s32;
        case PtxType::u16: return PtxType::u32;
        case PtxType::s32: return PtxType::s64;
        default: return PtxType::u64;
    }
}

/// Operands of d = f(a, b) or f(a, b, c), of this type; c and d may be of another.
void take_operands(InstructionDecoder& decoder, std::size_t sources, PtxType type, PtxType result) {
    decoder.expect_operands(sources + 1, sources + 1);
    decoder.out.unit = ExecutionUnit::integer;
    decoder.out.type = type;
    decoder.out.a = decoder.source(1, type);
    if (sources > 1) decoder.out.b = decoder.source(2, type);
    if (sources > 2) decoder.out.c = decoder.source(3, result);
    decoder.out.d = decoder.destination(0, result);
}

void use(InstructionDecoder& decoder, InstructionHandler handler) {
    if (handler == nullptr) decoder.unsupported("it does not exist for this type");
    decoder.finish();
    decoder.out.handler = handler;
}

void decode_multiply(InstructionDecoder& decoder, PtxType type, bool adds) {
    const auto part = decoder.modifiers.take_one_of({"lo", "hi", "wide"});
    if (!part) decoder.unsupported("neither .lo, .hi nor .wide");
    const bool wide = *part == 2;
    take_operands(decoder, adds ? 3 : 2, type, wide ? wide_type(type) : type);
    if (wide) return use(decoder, adds ? multiply_add_wide_of(type) : multiply_wide_of(type));
    const bool high = *part == 1;
    if (!adds) return use(decoder, high ? integer_binary_of<MultiplyHigh>(type) : integer_binary_of<MultiplyLow>(type));
    const bool gives_carry = decoder.modifiers.take("cc");
    const bool takes_carry = decoder.ptx().opcode == "madc";
    if (gives_carry || takes_carry) {
        decoder.out.variant = static_cast<std::uint16_t>((takes_carry ? 1U : 0U) | (gives_carry ? 2U : 0U));
        return use(decoder, high ? multiply_carry_of<true>(type) : multiply_carry_of<false>(type));
    }
    if (high && type == PtxType::s32 && decoder.modifiers.take("sat")) {
        return use(decoder, ternary<MultiplyAddHighSaturating, std::int32_t>);
    }
    use(decoder, high ? ternary_of<MultiplyAddHigh>(type) : ternary_of<MultiplyAddLow>(type));
}

void decode_add(InstructionDecoder& decoder, PtxType type, bool subtracts) {
    take_operands(decoder, 2, type, type);
    const bool gives_carry = decoder.modifiers.take("cc");
    const bool takes_carry = decoder.ptx().opcode.back() == 'c';
    if (gives_carry || takes_carry) {
        decoder.out.variant = static_cast<std::uint16_t>((takes_carry ? 1U : 0U) | (gives_carry ? 2U : 0U));
        return use(decoder, subtracts ? carry_of<true>(type) : carry_of<false>(type));
    }
    if (type == PtxType::s32 && decoder.modifiers.take("sat")) {
        return use(decoder, subtracts ? binary<SubtractSaturating, std::int32_t> : binary<AddSaturating, std::int32_t>);
    }
    use(decoder, subtracts ? integer_binary_of<Subtract>(type) : integer_binary_of<Add>(type));
}

}  // namespace

void decode_integer_arithmetic(InstructionDecoder& decoder, PtxType type) {
    const std::string& opcode = decoder.ptx().opcode;
    if (opcode == "mul" || opcode == "mad" || opcode == "madc") return decode_multiply(decoder, type, opcode != "mul");
    if (opcode == "add" || opcode == "addc") return decode_add(decoder, type, false);
    if (opcode == "sub" || opcode == "subc") return decode_add(decoder, type, true);
    const bool one_source = opcode == "abs" || opcode == "neg";
    take_operands(decoder, one_source ? 1 : 2, type, type);
    if (opcode == "abs") return use(decoder, integer_unary_of<Absolute>(type));
    if (opcode == "neg") return use(decoder, integer_unary_of<Negate>(type));
    if (opcode == "min") return use(decoder, integer_binary_of<Minimum>(type));
    if (opcode == "max") return use(decoder, integer_binary_of<Maximum>(type));
    if (opcode == "div") return use(decoder, integer_binary_of<Divide>(type));
    if (opcode == "rem") return use(decoder, integer_binary_of<Remainder>(type));
    decoder.unsupported("it does not exist for integers");
}

void decode_integer(InstructionDecoder& decoder) {
    const std::string& opcode = decoder.ptx().opcode;
    const PtxType type = decoder.type();
    if (opcode == "sad") {
        take_operands(decoder, 3, type, type);
        return use(decoder, ternary_of<SumOfDifferences>(type));
    }
    if (opcode == "dp4a") {
        const PtxType second = decoder.type();
        take_operands(decoder, 3, PtxType::b32, PtxType::b32);
        using S = std::int8_t;
        using U = std::uint8_t;
        const bool b_signed = second == PtxType::s32;
        if (type == PtxType::s32) {
            return use(decoder,
                       b_signed ? ternary<DotBytes<S, S>, std::uint32_t> : ternary<DotBytes<S, U>, std::uint32_t>);
        }
        return use(decoder, b_signed ? ternary<DotBytes<U, S>, std::uint32_t> : ternary<DotBytes<U, U>, std::uint32_t>);
    }
    if (opcode == "dp2a" || bytes_of(type) != 4) decoder.unsupported();
    const bool high = decoder.modifiers.take_one_of({"lo", "hi"}).value_or(0) == 1;
    const bool adds = opcode == "mad24";
    take_operands(decoder, adds ? 3 : 2, type, type);
    if (type == PtxType::s32) {
        using S = std::int32_t;
        if (adds)
            return use(decoder,
                       high ? ternary<MultiplyAdd24<Multiply24High>, S> : ternary<MultiplyAdd24<Multiply24Low>, S>);
        return use(decoder, high ? binary<Multiply24High, S> : binary<Multiply24Low, S>);
    }
    using U = std::uint32_t;
    if (adds)
        return use(decoder,
                   high ? ternary<MultiplyAdd24<Multiply24High>, U> : ternary<MultiplyAdd24<Multiply24Low>, U>);
    use(decoder, high ? binary<Multiply24High, U> : binary<Multiply24Low, U>);
}

}  // namespace stcsim
