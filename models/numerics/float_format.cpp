#include "numerics/float_format.h"

#include <cmath>
#include <limits>

namespace stcsim {

double to_double(ElementType type, ElementBits bits) {
    const FloatFormat format = float_format_of(type);
    const DecodedFloat x = decode(format, bits);
    const double sign = x.negative ? -1.0 : 1.0;
    switch (x.kind) {
        case FloatClass::zero: return sign * 0.0;
        case FloatClass::infinite: return sign * std::numeric_limits<double>::infinity();
        case FloatClass::nan: return std::numeric_limits<double>::quiet_NaN();
        case FloatClass::finite: break;
    }
    return sign * std::ldexp(static_cast<double>(x.significand), x.exponent - format.mantissa_bits);
}

std::uint32_t from_double(ElementType type, double value) {
    const FloatFormat format = float_format_of(type);
    if (std::isnan(value)) return format.canonical_nan();
    const bool negative = std::signbit(value);
    if (std::isinf(value)) return (negative ? format.sign_bit() : 0U) | format.infinity();
    int exponent = 0;
    const double fraction = std::frexp(std::abs(value), &exponent);
    const auto magnitude = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
    return encode(format, negative, magnitude, exponent - 53, Rounding::to_nearest_even);
}

std::uint32_t convert(ElementType from, ElementType to, ElementBits bits) {
    const FloatFormat source = float_format_of(from);
    const FloatFormat target = float_format_of(to);
    const DecodedFloat x = decode(source, bits);
    if (x.kind == FloatClass::nan) return target.canonical_nan();
    if (x.kind == FloatClass::infinite) return (x.negative ? target.sign_bit() : 0U) | target.infinity();
    return encode(target, x.negative, x.significand, x.exponent - source.mantissa_bits, Rounding::to_nearest_even);
}

}  // namespace stcsim
