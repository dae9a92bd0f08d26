/// Arithmetic of f32 and f64.
///
/// f32: round to nearest is the processor's own; other directions go through a double rounded to odd (rounding.h). f64:
/// other directions set the processor's rounding mode around one operation; kernels hardly use them. NaN results are
/// the machine's: 0x7fffffff; of f64 the one numerics/dot_add.h gives reasons for.
#include <cfenv>
#include <cmath>

#include "executor/arithmetic_families.h"
#include "executor/lanes.h"
#include "executor/rounding.h"
#include "numerics/dot_add.h"

namespace stcsim {

std::optional<RoundingMode> take_rounding(Modifiers& modifiers) {
    const auto found = modifiers.take_one_of({"rn", "rz", "rm", "rp"});
    if (!found) return std::nullopt;
    return static_cast<RoundingMode>(*found);
}

std::uint32_t take_float_modifiers(Modifiers& modifiers) {
    std::uint32_t all = 0;
    if (modifiers.take("ftz")) all |= FloatModifiers::flush;
    if (modifiers.take("sat")) all |= FloatModifiers::saturate;
    if (modifiers.take("relu")) all |= FloatModifiers::relu;
    const RoundingMode mode = take_rounding(modifiers).value_or(RoundingMode::nearest_even);
    return all | static_cast<std::uint32_t>(mode) << FloatModifiers::rounding_shift;
}

namespace {

using Flags = FloatModifiers;

float canonical(float x) {
    return std::isnan(x) ? std::bit_cast<float>(0x7FFFFFFFU) : x;
}
double canonical(double x) {
    return std::isnan(x) ? std::bit_cast<double>(canonical_nan_f64) : x;
}
float flushed(float x) {
    const auto bits = std::bit_cast<std::uint32_t>(x);
    return (bits & 0x7F800000U) == 0 ? std::bit_cast<float>(bits & 0x80000000U) : x;
}
double flushed(double x) {
    return x;
}
/// .sat: to [0, 1], NaN to 0.
template <typename T>
T saturated(T x) {
    if (!(x > T(0))) return T(0);
    return x > T(1) ? T(1) : x;
}

struct Add {
    template <typename T>
    static T nearest(T a, T b) {
        return a + b;
    }
    static double exact(double a, double b, RoundingMode mode) { return signed_sum_to_odd(a, b, mode); }
};
struct Subtract {
    template <typename T>
    static T nearest(T a, T b) {
        return a - b;
    }
    static double exact(double a, double b, RoundingMode mode) { return signed_sum_to_odd(a, -b, mode); }
};
struct Multiply {
    template <typename T>
    static T nearest(T a, T b) {
        return a * b;
    }
    static double exact(double a, double b, RoundingMode) { return a * b; }
};
struct Divide {
    template <typename T>
    static T nearest(T a, T b) {
        return a / b;
    }
    /// The quotient to odd: the remainder says whether, and to which side, the double is off.
    static double exact(double a, double b, RoundingMode) {
        const double quotient = a / b;
        if (!std::isfinite(quotient) || quotient == 0.0 || std::isinf(b)) return quotient;
        const double rest = std::fma(-quotient, b, a);
        const auto bits = std::bit_cast<std::uint64_t>(quotient);
        if (rest == 0.0 || (bits & 1U) != 0) return quotient;
        const bool larger = (rest > 0.0) == (b > 0.0);  // the exact quotient is above
        return std::bit_cast<double>(larger == (quotient > 0.0) ? bits + 1 : bits - 1);
    }
};
struct FusedMultiplyAdd {
    template <typename T>
    static T nearest(T a, T b, T c) {
        return std::fma(a, b, c);
    }
    static double exact(double a, double b, double c, RoundingMode mode) { return signed_sum_to_odd(a * b, c, mode); }
};

template <typename T>
T finish(T x, std::uint32_t flags) {
    if ((flags & Flags::flush) != 0) x = flushed(x);
    if ((flags & Flags::saturate) != 0) return saturated(x);
    return canonical(x);
}

/// One f64 operation in another direction.
template <typename Operation>
[[gnu::noinline]] double directed(Operation operation, RoundingMode mode) {
    constexpr int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
    const int before = std::fegetround();
    std::fesetround(modes[static_cast<std::size_t>(mode)]);
    const volatile double result = operation();
    std::fesetround(before);
    return result;
}

template <typename Operation, typename T, typename... Sources>
T compute(std::uint32_t flags, Sources... sources) {
    const RoundingMode mode = rounding_of(flags);
    if (mode == RoundingMode::nearest_even) return Operation::nearest(sources...);
    if constexpr (sizeof(T) == 4) {
        return single_from(Operation::exact(double{sources}..., mode), mode);
    } else {
        return directed(
            [&] {
                // Reading them through volatile keeps the operation between the changes of mode.
                const auto fresh = [](const volatile double& x) -> double { return x; };
                return Operation::nearest(fresh(sources)...);
            },
            mode);
    }
}

/// Without modifiers: to nearest.
template <typename Operation, typename T>
struct Plain {
    static T apply(T a, T b) { return canonical(Operation::nearest(a, b)); }
    static T apply(T a, T b, T c) { return canonical(Operation::nearest(a, b, c)); }
};

template <typename Operation, typename T>
void modified_binary(WarpExecution& warp, const DecodedInstruction& i, std::uint32_t lanes) {
    WarpState& w = warp.state();
    const std::uint32_t* a = w.source(i.a);
    const std::uint32_t* b = w.source(i.b);
    const std::uint32_t flags = i.immediate;
    const auto in = [&](T x) { return (flags & Flags::flush) != 0 ? flushed(x) : x; };
    write_lanes<T>(w.destination(i.d), lanes, [&](std::uint32_t lane) {
        return finish(compute<Operation, T>(flags, in(read_lane<T>(a, lane)), in(read_lane<T>(b, lane))), flags);
    });
}
template <typename Operation, typename T>
void modified_ternary(WarpExecution& warp, const DecodedInstruction& i, std::uint32_t lanes) {
    WarpState& w = warp.state();
    const std::uint32_t* a = w.source(i.a);
    const std::uint32_t* b = w.source(i.b);
    const std::uint32_t* c = w.source(i.c);
    const std::uint32_t flags = i.immediate;
    const auto in = [&](T x) { return (flags & Flags::flush) != 0 ? flushed(x) : x; };
    write_lanes<T>(w.destination(i.d), lanes, [&](std::uint32_t lane) {
        return finish(compute<Operation, T>(flags, in(read_lane<T>(a, lane)), in(read_lane<T>(b, lane)),
                                            in(read_lane<T>(c, lane))),
                      flags);
    });
}

/// min or max: of a number and a NaN the number, unless .NaN; -0 is below +0.
template <typename T, bool maximum>
T extreme(T a, T b, std::uint32_t flags) {
    if ((flags & Flags::flush) != 0) {
        a = flushed(a);
        b = flushed(b);
    }
    const bool negative = std::signbit(a) != std::signbit(b);
    if ((flags & Flags::xor_sign) != 0) {
        a = std::abs(a);
        b = std::abs(b);
    }
    T result = a;
    if (std::isnan(a) || std::isnan(b)) {
        const bool nan = (flags & Flags::nan_wins) != 0 || (std::isnan(a) && std::isnan(b));
        if (nan) return canonical(std::numeric_limits<T>::quiet_NaN());
        result = std::isnan(a) ? b : a;
    } else if (a == b) {
        result = std::signbit(a) == maximum ? b : a;
    } else {
        result = (a < b) == maximum ? b : a;
    }
    return (flags & Flags::xor_sign) != 0 ? std::copysign(result, negative ? T(-1) : T(1)) : result;
}
template <typename T, bool maximum>
void extremes(WarpExecution& warp, const DecodedInstruction& i, std::uint32_t lanes) {
    WarpState& w = warp.state();
    const std::uint32_t* a = w.source(i.a);
    const std::uint32_t* b = w.source(i.b);
    write_lanes<T>(w.destination(i.d), lanes, [&](std::uint32_t lane) {
        return extreme<T, maximum>(read_lane<T>(a, lane), read_lane<T>(b, lane), i.immediate);
    });
}

template <typename T, bool negates>
void change_sign(WarpExecution& warp, const DecodedInstruction& i, std::uint32_t lanes) {
    WarpState& w = warp.state();
    const std::uint32_t* a = w.source(i.a);
    const bool flush = (i.immediate & Flags::flush) != 0;
    write_lanes<T>(w.destination(i.d), lanes, [&](std::uint32_t lane) {
        const T x = flush ? flushed(read_lane<T>(a, lane)) : read_lane<T>(a, lane);
        return canonical(negates ? -x : std::abs(x));
    });
}

template <typename T>
InstructionHandler handler_of(InstructionDecoder& decoder, const std::string& opcode, bool plain) {
    if (opcode == "add") return plain ? binary<Plain<Add, T>, T> : modified_binary<Add, T>;
    if (opcode == "sub") return plain ? binary<Plain<Subtract, T>, T> : modified_binary<Subtract, T>;
    if (opcode == "mul") return plain ? binary<Plain<Multiply, T>, T> : modified_binary<Multiply, T>;
    if (opcode == "div") return plain ? binary<Plain<Divide, T>, T> : modified_binary<Divide, T>;
    if (opcode == "fma" || opcode == "mad") {
        return plain ? ternary<Plain<FusedMultiplyAdd, T>, T> : modified_ternary<FusedMultiplyAdd, T>;
    }
    if (opcode == "min") return extremes<T, false>;
    if (opcode == "max") return extremes<T, true>;
    if (opcode == "abs") return change_sign<T, false>;
    if (opcode == "neg") return change_sign<T, true>;
    decoder.unsupported("it does not exist for this type");
}

}  // namespace

void decode_float_arithmetic(InstructionDecoder& decoder, PtxType type) {
    const std::string& opcode = decoder.ptx().opcode;
    DecodedInstruction& out = decoder.out;
    std::uint32_t flags = take_float_modifiers(decoder.modifiers);
    // Approximate and full-range division are computed exactly and rounded.
    if (opcode == "div") decoder.modifiers.take_one_of({"approx", "full"});
    if (opcode == "min" || opcode == "max") {
        if (decoder.modifiers.take("NaN")) flags |= Flags::nan_wins;
        if (decoder.modifiers.take("xorsign")) flags |= Flags::xor_sign;
        decoder.modifiers.take("abs");
    }
    if ((flags & Flags::relu) != 0) decoder.unsupported(".relu does not exist for this type");
    const bool three = opcode == "fma" || opcode == "mad";
    const bool one = opcode == "abs" || opcode == "neg";
    const std::size_t sources = three ? 3 : (one ? 1 : 2);
    decoder.expect_operands(sources + 1, sources + 1);
    out.unit = type == PtxType::f64 ? ExecutionUnit::f64 : ExecutionUnit::f32;
    if (opcode == "div") out.unit = type == PtxType::f64 ? ExecutionUnit::f64 : ExecutionUnit::special_function;
    out.type = type;
    out.immediate = flags;
    out.a = decoder.source(1, type);
    if (sources > 1) out.b = decoder.source(2, type);
    if (sources > 2) out.c = decoder.source(3, type);
    out.d = decoder.destination(0, type);
    out.handler = type == PtxType::f64 ? handler_of<double>(decoder, opcode, flags == 0)
                                       : handler_of<float>(decoder, opcode, flags == 0);
    decoder.finish();
}

void decode_arithmetic(InstructionDecoder& decoder) {
    const PtxType type = decoder.type();
    switch (type) {
        case PtxType::f32:
        case PtxType::f64: return decode_float_arithmetic(decoder, type);
        case PtxType::f16:
        case PtxType::f16x2:
        case PtxType::bf16:
        case PtxType::bf16x2: return decode_half_arithmetic(decoder, type);
        default: return decode_integer_arithmetic(decoder, type);
    }
}

}  // namespace stcsim
