/// Arithmetic of f16, bf16 and their pairs.
///
/// f32 has more than twice the places of either, so that sums and products rounded to f32 and again are rounded
/// correctly; fma goes through a double rounded to odd (rounding.h).
#include <cmath>

#include "executor/arithmetic_families.h"
#include "executor/half.h"
#include "executor/lanes.h"

namespace stcsim {
namespace {

using Flags = FloatModifiers;

template <typename H>
H narrow(float value);
template <>
Half narrow<Half>(float value) {
    return half_from(value);
}
template <>
BrainFloat narrow<BrainFloat>(float value) {
    return bfloat_from(value);
}
template <typename H>
H narrow(double value);
template <>
Half narrow<Half>(double value) {
    return half_from(value);
}
template <>
BrainFloat narrow<BrainFloat>(double value) {
    return bfloat_from(value);
}

template <typename H>
constexpr std::uint16_t exponent_mask = 0;
template <>
constexpr std::uint16_t exponent_mask<Half> = 0x7C00;
template <>
constexpr std::uint16_t exponent_mask<BrainFloat> = 0x7F80;

template <typename H>
H flushed(H x) {
    return (x.bits & exponent_mask<H>) == 0 ? H{static_cast<std::uint16_t>(x.bits & 0x8000U)} : x;
}

/// .ftz, .sat and .relu of a result. NaN: .sat gives +0, .relu the canonical NaN.
template <typename H>
H finish(H x, std::uint32_t flags) {
    if ((flags & Flags::flush) != 0) x = flushed(x);
    const bool nan = (x.bits & 0x7FFFU) > exponent_mask<H>;
    if ((flags & Flags::saturate) != 0) {
        const float value = to_float(x);
        if (nan || !(value > 0.0F)) return H{0};
        return value > 1.0F ? narrow<H>(1.0F) : x;
    }
    if ((flags & Flags::relu) != 0 && !nan && (x.bits & 0x8000U) != 0) return H{0};
    return x;
}

struct Add {
    template <typename H>
    static H apply(H a, H b, H) {
        return narrow<H>(to_float(a) + to_float(b));
    }
};
struct Subtract {
    template <typename H>
    static H apply(H a, H b, H) {
        return narrow<H>(to_float(a) - to_float(b));
    }
};
struct Multiply {
    template <typename H>
    static H apply(H a, H b, H) {
        // Exact in a double; small products of bf16 are not in an f32.
        return narrow<H>(double{to_float(a)} * double{to_float(b)});
    }
};
struct FusedMultiplyAdd {
    template <typename H>
    static H apply(H a, H b, H c) {
        return narrow<H>(sum_to_odd(double{to_float(a)} * double{to_float(b)}, double{to_float(c)}));
    }
};
template <bool maximum>
struct Extreme {
    template <typename H>
    static H with_flags(H a, H b, std::uint32_t flags) {
        const H nan{0x7FFF};
        const bool negative = ((a.bits ^ b.bits) & 0x8000U) != 0;
        if ((flags & Flags::xor_sign) != 0) {
            a.bits &= 0x7FFFU;
            b.bits &= 0x7FFFU;
        }
        const float x = to_float(a);
        const float y = to_float(b);
        H result = a;
        if (std::isnan(x) || std::isnan(y)) {
            if ((flags & Flags::nan_wins) != 0 || (std::isnan(x) && std::isnan(y))) return nan;
            result = std::isnan(x) ? b : a;
        } else if (x == y) {
            result = std::signbit(x) == maximum ? b : a;
        } else {
            result = (x < y) == maximum ? b : a;
        }
        if ((flags & Flags::xor_sign) != 0) {
            result.bits = static_cast<std::uint16_t>((result.bits & 0x7FFFU) | (negative ? 0x8000U : 0U));
        }
        return result;
    }
};
template <bool negates>
struct Sign {
    template <typename H>
    static H apply(H a, H, H) {
        if ((a.bits & 0x7FFFU) > exponent_mask<H>) return H{0x7FFF};
        return H{static_cast<std::uint16_t>(negates ? a.bits ^ 0x8000U : a.bits & 0x7FFFU)};
    }
};

template <typename Operation, typename H>
H compute(H a, H b, H c, std::uint32_t flags) {
    if ((flags & Flags::flush) != 0) {
        a = flushed(a);
        b = flushed(b);
        c = flushed(c);
    }
    if constexpr (requires { Operation::with_flags(a, b, flags); }) {
        return finish(Operation::with_flags(a, b, flags), flags);
    } else {
        return finish(Operation::apply(a, b, c), flags);
    }
}

template <typename H>
H low(std::uint32_t pair) {
    return H{static_cast<std::uint16_t>(pair)};
}
template <typename H>
H high(std::uint32_t pair) {
    return H{static_cast<std::uint16_t>(pair >> 16U)};
}

template <typename Operation, typename H, bool paired>
void half_operation(WarpExecution& warp, const DecodedInstruction& i, std::uint32_t lanes) {
    WarpState& w = warp.state();
    const std::uint32_t* a = w.source(i.a);
    const std::uint32_t* b = w.source(i.b.present() ? i.b : i.a);
    const std::uint32_t* c = w.source(i.c.present() ? i.c : i.a);
    const std::uint32_t flags = i.immediate;
    write_lanes<std::uint32_t>(w.destination(i.d), lanes, [&](std::uint32_t lane) {
        const std::uint32_t lower = compute<Operation>(low<H>(a[lane]), low<H>(b[lane]), low<H>(c[lane]), flags).bits;
        if constexpr (!paired) return lower;
        const std::uint32_t upper =
            compute<Operation>(high<H>(a[lane]), high<H>(b[lane]), high<H>(c[lane]), flags).bits;
        return lower | upper << 16U;
    });
}

template <typename Operation>
InstructionHandler for_type(PtxType type) {
    switch (type) {
        case PtxType::f16: return half_operation<Operation, Half, false>;
        case PtxType::f16x2: return half_operation<Operation, Half, true>;
        case PtxType::bf16: return half_operation<Operation, BrainFloat, false>;
        default: return half_operation<Operation, BrainFloat, true>;
    }
}

}  // namespace

void decode_half_arithmetic(InstructionDecoder& decoder, PtxType type) {
    const std::string& opcode = decoder.ptx().opcode;
    DecodedInstruction& out = decoder.out;
    std::uint32_t flags = take_float_modifiers(decoder.modifiers);
    if (rounding_of(flags) != RoundingMode::nearest_even) decoder.unsupported("16-bit floats only round to nearest");
    if (opcode == "min" || opcode == "max") {
        if (decoder.modifiers.take("NaN")) flags |= Flags::nan_wins;
        if (decoder.modifiers.take("xorsign")) flags |= Flags::xor_sign;
        decoder.modifiers.take("abs");
    }
    const bool one = opcode == "abs" || opcode == "neg";
    const std::size_t sources = opcode == "fma" ? 3 : (one ? 1 : 2);
    decoder.expect_operands(sources + 1, sources + 1);
    out.unit = ExecutionUnit::f16;
    out.type = type;
    out.immediate = flags;
    out.a = decoder.source(1, type);
    if (sources > 1) out.b = decoder.source(2, type);
    if (sources > 2) out.c = decoder.source(3, type);
    out.d = decoder.destination(0, type);
    if (opcode == "add") out.handler = for_type<Add>(type);
    if (opcode == "sub") out.handler = for_type<Subtract>(type);
    if (opcode == "mul") out.handler = for_type<Multiply>(type);
    if (opcode == "fma") out.handler = for_type<FusedMultiplyAdd>(type);
    if (opcode == "min") out.handler = for_type<Extreme<false>>(type);
    if (opcode == "max") out.handler = for_type<Extreme<true>>(type);
    if (opcode == "abs") out.handler = for_type<Sign<false>>(type);
    if (opcode == "neg") out.handler = for_type<Sign<true>>(type);
    if (out.handler == nullptr) decoder.unsupported("it does not exist for this type");
    // Packing modifiers such as .noftz change nothing.
    decoder.modifiers.drop({"noftz"});
    decoder.finish();
}

}  // namespace stcsim
