#include "check/error_bound.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/units.h"
#include "check/epilogue.h"
#include "numerics/float_format.h"
#include "numerics/fused_dot_add.h"

namespace stcsim {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Parts of k whose sums a kernel may add up: 16 slices of 4 groups of warps each, or k-tiles of 16 or more.
double partial_sums(std::size_t k) {
    return std::max(64.0, static_cast<double>(k) / 16);
}

/// The distance between neighbouring numbers of the type around this magnitude.
double last_place(ElementType type, double magnitude) {
    if (type == ElementType::f64) return std::max(magnitude * 0x1p-52, std::numeric_limits<double>::denorm_min());
    if (!is_float(type)) return 1;
    const FloatFormat format = float_format_of(type);
    const int exponent = magnitude == 0 ? format.minimum_exponent() : std::ilogb(magnitude);
    return std::ldexp(1.0, std::max(exponent, format.minimum_exponent()) - format.mantissa_bits);
}

double largest_number(ElementType type) {
    switch (type) {
        case ElementType::f16: return 65504;
        case ElementType::f32: return std::numeric_limits<float>::max();
        default: return infinity;
    }
}

}  // namespace

double bounding_magnitude(ElementType type, ElementBits bits) {
    const double magnitude = std::abs(value_of(type, bits));
    if (magnitude == 0 || !is_float(type)) return magnitude;
    return std::max(magnitude, std::ldexp(1.0, float_format_of(type).minimum_exponent()));
}

ErrorBound::ErrorBound(const GemmDump& dump, const AccumulationOrder& order)
    : types_(dump.types), relative_(0), epilogue_(0), stored_(0), overflow_(largest_number(dump.types.accumulator)) {
    const ElementType sums = types_.accumulator;
    const auto k = static_cast<double>(dump.k());
    const bool scaled = types_.alpha != 1 || (dump.c && types_.beta != 0);
    if (sums == ElementType::f64) {
        relative_ = (k + partial_sums(dump.k())) * 0x1p-53;
        epilogue_ = 0x1p-51;
    } else if (is_float(sums)) {
        const auto length = static_cast<double>(pass_length_of(dump.a.type));
        const double unit = sums == ElementType::f16 ? 0x1p-11 : 0x1p-23;
        const double passes = std::ceil(k / length);
        const double parts = partial_sums(dump.k());
        relative_ = (passes + parts) * (length * 0x1p-24 + unit) + parts * unit;
        epilogue_ = scaled ? (sums == ElementType::f16 ? 0x1p-9 : 0x1p-22) : 0;
    } else if (scaled && is_float(types_.output)) {
        epilogue_ = 0x1p-22;
    }
    relative_ *= 1 + relative_;
    // Integers that were neither scaled nor rounded are what they are.
    const bool exact = !is_float(sums) && sums != ElementType::f64 && !scaled;
    stored_ = exact ? 0 : 1;
    if (order.reduction == SliceReduction::serial) stored_ += order.split_k;
}

double ErrorBound::of(double magnitudes, double source, double largest) const {
    const double addend = std::abs(types_.beta) * source;
    const double sum = magnitudes + (types_.alpha == 1 ? addend : 0);
    if (sum * (1 + relative_) > overflow_) return infinity;
    const double alpha = std::abs(types_.alpha);
    const double place = last_place(types_.output, largest);
    const double smallest = types_.accumulator == ElementType::f16 ? 0x1p-24 : 0;
    return 2 * alpha * relative_ * (sum + smallest) + epilogue_ * (alpha * sum + addend) + stored_ * place;
}

bool within(const ErrorBound& bound, ElementType type, ElementBits one, ElementBits other, double magnitudes,
            double source) {
    if (one == other) return true;
    const double x = value_of(type, one);
    const double y = value_of(type, other);
    if (std::isnan(x) || std::isnan(y)) return std::isnan(x) && std::isnan(y);
    if (std::isinf(x) && std::isinf(y)) return x == y;
    // Where one overflowed, only the sums can say whether the other order may not have.
    if (std::isinf(x) || std::isinf(y)) return bound.of(magnitudes, source, 0) == infinity;
    return std::abs(x - y) <= bound.of(magnitudes, source, std::max(std::abs(x), std::abs(y)));
}

}  // namespace stcsim
