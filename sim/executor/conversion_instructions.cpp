/// cvt between all types, and cvt.pack.
#include <cmath>
#include <limits>

#include "executor/arithmetic_families.h"
#include "executor/half.h"
#include "executor/lanes.h"
#include "numerics/dot_add.h"

namespace stcsim {
namespace {

using U32 = std::uint32_t;
using U64 = std::uint64_t;
using Flags = FloatModifiers;

constexpr U32 to_integer_flag = 32;  ///< .rni and its kin: float to an integer-valued float

struct Conversion {
    U32 flags = 0;
    RoundingMode mode = RoundingMode::nearest_even;
};
Conversion conversion_of(const DecodedInstruction& i) {
    return {i.immediate & 0xFFU, rounding_of(i.immediate)};
}

double round_to_integer(double x, RoundingMode mode) {
    switch (mode) {
        case RoundingMode::nearest_even: return std::nearbyint(x);
        case RoundingMode::toward_zero: return std::trunc(x);
        case RoundingMode::down: return std::floor(x);
        case RoundingMode::up: return std::ceil(x);
        case RoundingMode::nearest_away: return std::round(x);
    }
    return x;
}

/// To an integer, clamped to its range. NaN gives 0, or of 64-bit types the highest bit alone (PTX ISA, "cvt").
template <typename To>
To float_to_integer(double x, RoundingMode mode, bool wide) {
    if (std::isnan(x)) return wide ? static_cast<To>(U64{1} << (8 * sizeof(To) - 1)) : To(0);
    const double rounded = round_to_integer(x, mode);
    // 2^digits is exact, the largest integer may not be.
    const double above = std::ldexp(1.0, std::numeric_limits<To>::digits);
    if (rounded >= above) return std::numeric_limits<To>::max();
    const double lowest = std::is_signed_v<To> ? -above : 0.0;
    if (rounded <= lowest) return std::numeric_limits<To>::min();
    return static_cast<To>(rounded);
}

template <typename To, typename From>
To integer_to_integer(From x, bool saturates) {
    if (!saturates) return static_cast<To>(x);
    if (std::cmp_greater(x, std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    if (std::cmp_less(x, std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    return static_cast<To>(x);
}

/// A destination format and the register bits it takes.
struct Single {
    static constexpr BinaryFormat format = single_format;
    using Bits = U32;
};
struct HalfPrecision {
    static constexpr BinaryFormat format = half_format;
    using Bits = std::uint16_t;
};
struct Brain {
    static constexpr BinaryFormat format = bfloat_format;
    using Bits = std::uint16_t;
};
struct Tf32 {
    static constexpr BinaryFormat format = tf32_format;
    using Bits = U32;
};
struct Double {
    static constexpr BinaryFormat format = double_format;
    using Bits = U64;
};

template <typename To>
U64 flushed(U64 bits) {
    return (bits & To::format.infinity()) == 0 ? bits & To::format.sign() : bits;
}

template <typename To>
typename To::Bits float_to_float(double x, const Conversion& how) {
    if ((how.flags & to_integer_flag) != 0) x = std::copysign(round_to_integer(x, how.mode), x);
    if ((how.flags & Flags::saturate) != 0) x = x > 0.0 ? std::min(x, 1.0) : 0.0;
    if ((how.flags & Flags::relu) != 0 && x <= 0.0) x = 0.0;
    U64 bits =
        std::isnan(x) && sizeof(typename To::Bits) == 8 ? canonical_nan_f64 : encode_rounded(To::format, x, how.mode);
    if ((how.flags & Flags::flush) != 0 && sizeof(typename To::Bits) == 4) bits = flushed<To>(bits);
    return static_cast<typename To::Bits>(bits);
}

template <typename To, typename From>
typename To::Bits integer_to_float(From x, const Conversion& how) {
    const bool negative = std::is_signed_v<From> && x < From(0);
    const U64 magnitude = negative ? U64{0} - static_cast<U64>(static_cast<std::int64_t>(x)) : static_cast<U64>(x);
    const U64 bits = magnitude == 0 ? 0 : encode_rounded(To::format, negative, magnitude, 0, how.mode);
    if ((how.flags & Flags::saturate) != 0) {
        const U64 one = static_cast<U64>(To::format.bias()) << To::format.mantissa_bits;
        return static_cast<typename To::Bits>(negative ? 0 : std::min(bits, one));
    }
    return static_cast<typename To::Bits>(bits);
}

template <typename From>
double as_double(const U32* words, U32 lane, bool flush) {
    const From x = read_lane<From>(words, lane);
    if constexpr (std::is_same_v<From, float>) {
        return flush && std::abs(x) < 0x1p-126F ? std::copysign(0.0, double{x}) : double{x};
    } else if constexpr (std::is_same_v<From, double>) {
        return x;
    } else {
        return double{to_float(x)};
    }
}

/// The integer in the low bits of a lane, which may be wider than the type.
template <typename From>
From as_integer(const U32* words, U32 lane, bool wide) {
    return static_cast<From>(wide ? read_lane<U64>(words, lane) : U64{words[lane]});
}

/// Writes a result into a register that may be wider than its type.
template <typename T>
void write_widened(WarpState& w, const DecodedInstruction& i, U32 lanes, const T* results) {
    U32* d = w.destination(i.d);
    if ((i.variant & 1U) != 0) {
        write_lanes<U64>(d, lanes, [&](U32 lane) { return static_cast<U64>(results[lane]); });
    } else if ((i.variant & 4U) != 0) {
        write_lanes<std::uint16_t>(d, lanes, [&](U32 lane) { return static_cast<std::uint16_t>(results[lane]); });
    } else {
        write_lanes<U32>(d, lanes, [&](U32 lane) { return static_cast<U32>(results[lane]); });
    }
}

// `variant`: 1 the destination is wide, 2 the source is, 4 the destination has 16 bits.
template <typename To, typename From>
void convert_integers(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const bool saturates = (i.immediate & Flags::saturate) != 0;
    To results[warp_lanes];
    for (U32 lane = 0; lane < warp_lanes; ++lane) {
        results[lane] = integer_to_integer<To>(as_integer<From>(a, lane, (i.variant & 2U) != 0), saturates);
    }
    write_widened(w, i, lanes, results);
}
template <typename To, typename From>
void convert_to_integer(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const Conversion how = conversion_of(i);
    const bool wide = sizeof(To) == 8 || std::is_same_v<From, double>;
    To results[warp_lanes];
    for (U32 lane = 0; lane < warp_lanes; ++lane) {
        const double x = as_double<From>(a, lane, (how.flags & Flags::flush) != 0);
        results[lane] = float_to_integer<To>(x, how.mode, wide);
    }
    write_widened(w, i, lanes, results);
}
template <typename To, typename From>
void convert_from_integer(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const Conversion how = conversion_of(i);
    typename To::Bits results[warp_lanes];
    for (U32 lane = 0; lane < warp_lanes; ++lane) {
        results[lane] = integer_to_float<To>(as_integer<From>(a, lane, (i.variant & 2U) != 0), how);
    }
    write_widened(w, i, lanes, results);
}
template <typename To, typename From>
void convert_floats(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const Conversion how = conversion_of(i);
    typename To::Bits results[warp_lanes];
    for (U32 lane = 0; lane < warp_lanes; ++lane) {
        results[lane] = float_to_float<To>(as_double<From>(a, lane, (how.flags & Flags::flush) != 0), how);
    }
    write_widened(w, i, lanes, results);
}
/// The hot ones, in vectors.
void convert_half_to_single(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    write_lanes<U32>(w.destination(i.d), lanes, [&](U32 lane) {
        const float x = to_float(read_lane<Half>(a, lane));
        return std::isnan(x) ? 0x7FFFFFFFU : std::bit_cast<U32>(x);
    });
}
void convert_single_to_half(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    write_lanes<U32>(w.destination(i.d), lanes,
                     [&](U32 lane) -> U32 { return half_from(read_lane<float>(a, lane)).bits; });
}
/// d = {a, b}, a in the upper half.
template <typename To>
void convert_pair(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const U32* b = w.source(i.b);
    const Conversion how = conversion_of(i);
    const bool flush = (how.flags & Flags::flush) != 0;
    write_lanes<U32>(w.destination(i.d), lanes, [&](U32 lane) {
        const U32 upper = float_to_float<To>(as_double<float>(a, lane, flush), how);
        const U32 lower = float_to_float<To>(as_double<float>(b, lane, flush), how);
        return upper << 16U | lower;
    });
}
/// cvt.pack: a and b clamped to `immediate` bits, b lowest, below the bits of c. `variant`: signed.
void pack_saturated(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const U32* b = w.source(i.b);
    const U32* c = i.c.present() ? w.source(i.c) : nullptr;
    const U32 bits = i.immediate;
    const std::int64_t largest = (std::int64_t{1} << (i.variant != 0 ? bits - 1 : bits)) - 1;
    const std::int64_t smallest = i.variant != 0 ? -largest - 1 : 0;
    const auto packed = [&](U32 x) {
        const std::int64_t clamped = std::clamp<std::int64_t>(static_cast<std::int32_t>(x), smallest, largest);
        return static_cast<U32>(clamped) & ((1U << bits) - 1U);
    };
    write_lanes<U32>(w.destination(i.d), lanes, [&](U32 lane) {
        const U32 above = c != nullptr ? c[lane] << 2 * bits : 0U;
        return above | packed(a[lane]) << bits | packed(b[lane]);
    });
}

template <template <typename, typename> typename Make, typename To>
InstructionHandler from_integer(PtxType from) {
    switch (from) {
        case PtxType::u8: return Make<To, std::uint8_t>::handler;
        case PtxType::s8: return Make<To, std::int8_t>::handler;
        case PtxType::u16: return Make<To, std::uint16_t>::handler;
        case PtxType::s16: return Make<To, std::int16_t>::handler;
        case PtxType::u32: return Make<To, std::uint32_t>::handler;
        case PtxType::s32: return Make<To, std::int32_t>::handler;
        case PtxType::u64: return Make<To, std::uint64_t>::handler;
        case PtxType::s64: return Make<To, std::int64_t>::handler;
        default: return nullptr;
    }
}
template <template <typename, typename> typename Make, typename To>
InstructionHandler from_float(PtxType from) {
    switch (from) {
        case PtxType::f16: return Make<To, Half>::handler;
        case PtxType::bf16: return Make<To, BrainFloat>::handler;
        case PtxType::f32: return Make<To, float>::handler;
        case PtxType::f64: return Make<To, double>::handler;
        default: return nullptr;
    }
}
template <typename To, typename From>
struct Integers {
    static constexpr InstructionHandler handler = convert_integers<To, From>;
};
template <typename To, typename From>
struct ToInteger {
    static constexpr InstructionHandler handler = convert_to_integer<To, From>;
};
template <typename To, typename From>
struct FromInteger {
    static constexpr InstructionHandler handler = convert_from_integer<To, From>;
};
template <typename To, typename From>
struct Floats {
    static constexpr InstructionHandler handler = convert_floats<To, From>;
};

template <typename To>
InstructionHandler to_integer(PtxType from) {
    return is_float_type(from) ? from_float<ToInteger, To>(from) : from_integer<Integers, To>(from);
}
template <typename To>
InstructionHandler to_float_format(PtxType from) {
    return is_float_type(from) ? from_float<Floats, To>(from) : from_integer<FromInteger, To>(from);
}

InstructionHandler conversion(PtxType to, PtxType from) {
    switch (to) {
        case PtxType::u8: return to_integer<std::uint8_t>(from);
        case PtxType::s8: return to_integer<std::int8_t>(from);
        case PtxType::u16: return to_integer<std::uint16_t>(from);
        case PtxType::s16: return to_integer<std::int16_t>(from);
        case PtxType::u32: return to_integer<std::uint32_t>(from);
        case PtxType::s32: return to_integer<std::int32_t>(from);
        case PtxType::u64: return to_integer<std::uint64_t>(from);
        case PtxType::s64: return to_integer<std::int64_t>(from);
        case PtxType::f16: return to_float_format<HalfPrecision>(from);
        case PtxType::bf16: return to_float_format<Brain>(from);
        case PtxType::tf32: return from == PtxType::f32 ? InstructionHandler{convert_floats<Tf32, float>} : nullptr;
        case PtxType::f32: return to_float_format<Single>(from);
        case PtxType::f64: return to_float_format<Double>(from);
        default: return nullptr;
    }
}

U32 take_flags(InstructionDecoder& decoder) {
    const auto integral = decoder.modifiers.take_one_of({"rni", "rzi", "rmi", "rpi"});
    const bool away = decoder.modifiers.take("rna");
    U32 flags = take_float_modifiers(decoder.modifiers);
    const auto with_rounding = [&](RoundingMode mode) {
        return (flags & 0xFFU) | static_cast<U32>(mode) << Flags::rounding_shift;
    };
    if (integral) return with_rounding(static_cast<RoundingMode>(*integral)) | to_integer_flag;
    return away ? with_rounding(RoundingMode::nearest_away) : flags;
}

void decode_packing_conversion(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    if (!decoder.modifiers.take("sat")) decoder.unsupported("no .sat");
    const auto narrow = decoder.modifiers.take_one_of({"u16", "s16", "u8", "s8", "u4", "s4", "u2", "s2"});
    if (!narrow || !decoder.modifiers.take("s32")) decoder.unsupported("types that do not exist");
    const bool has_upper = decoder.modifiers.take("b32");
    decoder.expect_operands(has_upper ? 4 : 3, has_upper ? 4 : 3);
    out.immediate = 16U >> (*narrow / 2);
    out.variant = *narrow % 2 != 0 ? 1 : 0;
    out.a = decoder.source(1, PtxType::b32);
    out.b = decoder.source(2, PtxType::b32);
    if (has_upper) out.c = decoder.source(3, PtxType::b32);
    out.d = decoder.destination(0, PtxType::b32);
    out.handler = pack_saturated;
    decoder.finish();
}

}  // namespace

void decode_conversion(InstructionDecoder& decoder) {
    DecodedInstruction& out = decoder.out;
    out.unit = ExecutionUnit::conversion;
    if (decoder.modifiers.take("pack")) return decode_packing_conversion(decoder);
    const U32 flags = take_flags(decoder);
    const PtxType to = decoder.type();
    const PtxType from = decoder.type();
    out.immediate = flags;
    out.type = to;
    out.second_type = from;
    if (to == PtxType::f16x2 || to == PtxType::bf16x2) {
        if (from != PtxType::f32) decoder.unsupported("pairs are made of f32 only");
        decoder.expect_operands(3, 3);
        out.a = decoder.source(1, from);
        out.b = decoder.source(2, from);
        out.d = decoder.destination(0, to);
        out.handler = to == PtxType::f16x2 ? convert_pair<HalfPrecision> : convert_pair<Brain>;
        return decoder.finish();
    }
    decoder.expect_operands(2, 2);
    const PtxType source = decoder.register_type(decoder.operand(1), from);
    const PtxType destination = decoder.register_type(decoder.operand(0), to);
    out.a = decoder.source(1, source);
    out.d = decoder.destination(0, destination);
    out.variant = static_cast<std::uint16_t>((is_wide(destination) ? 1U : 0U) | (is_wide(source) ? 2U : 0U) |
                                             (bytes_of(destination) <= 2 ? 4U : 0U));
    out.handler = conversion(to, from);
    if (out.handler == nullptr) decoder.unsupported("it does not exist between these types");
    const bool plain = flags == 0;
    if (plain && to == PtxType::f32 && from == PtxType::f16) out.handler = convert_half_to_single;
    if (plain && to == PtxType::f16 && from == PtxType::f32) out.handler = convert_single_to_half;
    decoder.finish();
}

}  // namespace stcsim
