#include "check/epilogue.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "numerics/dot_add.h"
#include "numerics/float_format.h"
#include "numerics/integer_format.h"
#include "numerics/output_conversion.h"

namespace stcsim {
namespace {

ElementBits f64_bits(double value) {
    return std::isnan(value) ? canonical_nan_f64 : std::bit_cast<ElementBits>(value);
}

/// An f32 as D stores it.
ElementBits from_f32(ElementType output, float value) {
    if (is_float(output)) return from_double(output, value);
    const auto clamped = [value](double least, double most) {
        return std::isnan(value) ? 0.0 : std::clamp(std::nearbyint(static_cast<double>(value)), least, most);
    };
    switch (output) {
        case ElementType::s8: return static_cast<std::uint8_t>(static_cast<std::int8_t>(clamped(-128, 127)));
        case ElementType::u8: return static_cast<std::uint8_t>(clamped(0, 255));
        default:
            STCSIM_ASSERT(output == ElementType::s32);
            return static_cast<std::uint32_t>(static_cast<std::int32_t>(clamped(-2147483648.0, 2147483647.0)));
    }
}

bool is_whole(double value) {
    return value == std::nearbyint(value) && std::abs(value) < 2147483648.0;
}

}  // namespace

double value_of(ElementType type, ElementBits bits) {
    if (is_float(type)) return to_double(type, bits);
    if (type == ElementType::f64) return std::bit_cast<double>(bits);
    return integer_value(type, bits);
}

ElementBits add_accumulators(ElementType type, ElementBits sum, ElementBits addend) {
    if (type == ElementType::s32) return wrapped_bits(static_cast<std::int64_t>(sum + addend));
    if (type == ElementType::f64) return f64_bits(std::bit_cast<double>(sum) + std::bit_cast<double>(addend));
    // The exact sum of two f32 or f16 rounded to double and then to their type is the sum rounded once.
    return from_double(type, to_double(type, sum) + to_double(type, addend));
}

ElementBits Epilogue::stored_in_f16(ElementBits sum, std::optional<double> source) const {
    const auto half = [](double value) { return to_double(ElementType::f16, from_double(ElementType::f16, value)); };
    const double addend = source ? half(half(types_.beta) * *source) : 0.0;
    const double result = half(types_.alpha) * to_double(types_.accumulator, sum) + addend;
    return convert(ElementType::f16, types_.output, from_double(ElementType::f16, result));
}

ElementBits Epilogue::stored(ElementBits sum, ElementType source_type, std::optional<ElementBits> source) const {
    const auto [accumulator, output, overflow, alpha, beta] = types_;
    if (beta == 0) source.reset();
    if (alpha == 1 && !source) {
        if (accumulator == ElementType::f64) return sum;
        return stored_element(accumulator, output, sum);
    }
    const std::optional<double> c = source ? std::optional(value_of(source_type, *source)) : std::nullopt;
    if (accumulator == ElementType::f64) {
        const double value = std::bit_cast<double>(sum);
        return f64_bits(c ? std::fma(alpha, value, beta * *c) : alpha * value);
    }
    if (accumulator == ElementType::s32 && output == ElementType::s32 && is_whole(alpha) && is_whole(beta)) {
        const auto product = static_cast<std::int64_t>(alpha) * integer_value(ElementType::s32, sum);
        return wrapped_bits(product + (c ? static_cast<std::int64_t>(beta) * static_cast<std::int64_t>(*c) : 0));
    }
    if (rounding_ == EpilogueRounding::f16) return stored_in_f16(sum, c);
    const auto scale = static_cast<float>(alpha);
    const auto value = static_cast<float>(value_of(accumulator, sum));
    if (!c) return from_f32(output, scale * value);
    const float addend = static_cast<float>(beta) * static_cast<float>(*c);
    if (rounding_ == EpilogueRounding::fused) return from_f32(output, std::fma(scale, value, addend));
    // Kept apart from the sum, so that no compiler fuses them.
    const volatile float product = scale * value;
    return from_f32(output, product + addend);
}

}  // namespace stcsim
