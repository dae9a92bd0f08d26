/// rcp, sqrt, rsqrt, ex2, lg2, sin, cos, tanh.
///
/// The rounded forms are exact. The approximate ones are computed in double and rounded, so they are closer to the true
/// value than the machine's tables; which last bits the machine gives is not published.
#include <cmath>

#include "executor/arithmetic_families.h"
#include "executor/half.h"
#include "executor/lanes.h"
#include "numerics/dot_add.h"

namespace stcsim {
namespace {

using U32 = std::uint32_t;
using Flags = FloatModifiers;

enum class Function : std::uint16_t { reciprocal, root, reciprocal_root, exp2, log2, sine, cosine, tangent };

double evaluate(Function function, double x) {
    switch (function) {
        case Function::reciprocal: return 1.0 / x;
        case Function::root: return std::sqrt(x);
        case Function::reciprocal_root: return 1.0 / std::sqrt(x);
        case Function::exp2: return std::exp2(x);
        case Function::log2: return std::log2(x);
        case Function::sine: return std::sin(x);
        case Function::cosine: return std::cos(x);
        case Function::tangent: return std::tanh(x);
    }
    return x;
}

/// The f32 reciprocal or root in any direction: of an f32 the double's error is told from the remainder.
double evaluate_to_odd(Function function, double x) {
    const double value = evaluate(function, x);
    if (!std::isfinite(value) || value == 0.0) return value;
    double rest = 0.0;
    if (function == Function::reciprocal) rest = std::fma(-value, x, 1.0) * (x > 0.0 ? 1.0 : -1.0);
    if (function == Function::root) rest = std::fma(-value, value, x);
    const auto bits = std::bit_cast<std::uint64_t>(value);
    if (rest == 0.0 || (bits & 1U) != 0) return value;
    return std::bit_cast<double>((rest > 0.0) == (value > 0.0) ? bits + 1 : bits - 1);
}

float flushed(float x) {
    return std::abs(x) < 0x1p-126F ? std::copysign(0.0F, x) : x;
}

void single_function(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const auto function = static_cast<Function>(i.variant);
    const bool flush = (i.immediate & Flags::flush) != 0;
    const RoundingMode mode = rounding_of(i.immediate);
    write_lanes<U32>(w.destination(i.d), lanes, [&](U32 lane) -> U32 {
        const float x = flush ? flushed(read_lane<float>(a, lane)) : read_lane<float>(a, lane);
        const float result = single_from(evaluate_to_odd(function, double{x}), mode);
        return std::bit_cast<U32>(flush ? flushed(result) : result);
    });
}

void double_function(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const auto function = static_cast<Function>(i.variant);
    write_lanes<double>(w.destination(i.d), lanes, [&](U32 lane) {
        const double result = evaluate(function, read_lane<double>(a, lane));
        return std::isnan(result) ? std::bit_cast<double>(canonical_nan_f64) : result;
    });
}

template <typename H, bool paired>
void half_function(WarpExecution& warp, const DecodedInstruction& i, U32 lanes) {
    WarpState& w = warp.state();
    const U32* a = w.source(i.a);
    const auto function = static_cast<Function>(i.variant);
    const auto one = [&](U32 bits) -> U32 {
        const double result = evaluate(function, double{to_float(H{static_cast<std::uint16_t>(bits)})});
        if constexpr (std::is_same_v<H, Half>) return half_from(result).bits;
        return bfloat_from(result).bits;
    };
    write_lanes<U32>(w.destination(i.d), lanes, [&](U32 lane) {
        const U32 lower = one(a[lane] & 0xFFFFU);
        return paired ? lower | one(a[lane] >> 16U) << 16U : lower;
    });
}

InstructionHandler handler_of(PtxType type) {
    switch (type) {
        case PtxType::f32: return single_function;
        case PtxType::f64: return double_function;
        case PtxType::f16: return half_function<Half, false>;
        case PtxType::f16x2: return half_function<Half, true>;
        case PtxType::bf16: return half_function<BrainFloat, false>;
        case PtxType::bf16x2: return half_function<BrainFloat, true>;
        default: return nullptr;
    }
}

}  // namespace

void decode_special_function(InstructionDecoder& decoder) {
    static constexpr std::array names{"rcp", "sqrt", "rsqrt", "ex2", "lg2", "sin", "cos", "tanh"};
    DecodedInstruction& out = decoder.out;
    const auto name = std::find(names.begin(), names.end(), decoder.ptx().opcode);
    out.variant = static_cast<std::uint16_t>(name - names.begin());
    decoder.modifiers.drop({"approx"});
    out.immediate = take_float_modifiers(decoder.modifiers);
    const PtxType type = decoder.type();
    const RoundingMode mode = rounding_of(out.immediate);
    if (type != PtxType::f32 && mode != RoundingMode::nearest_even) {
        decoder.unsupported("directed rounding of this function");
    }
    out.unit = ExecutionUnit::special_function;
    out.type = type;
    decoder.expect_operands(2, 2);
    out.a = decoder.source(1, type);
    out.d = decoder.destination(0, type);
    out.handler = handler_of(type);
    if (out.handler == nullptr) decoder.unsupported("it does not exist for this type");
    decoder.finish();
}

}  // namespace stcsim
