/// Bit patterns for property tests that reach all corners of a format: not uniform bits, which are rarely interesting.
#pragma once

#include <cstdint>

#include <rapidcheck.h>

#include "numerics/bit_matrix.h"
#include "numerics/float_format.h"

namespace stcsim::testing {

/// Any bits of the type's width.
inline rc::Gen<ElementBits> any_bits(ElementType type) {
    const ElementBits mask = ~ElementBits{0} >> (64 - bits_of(type));
    return rc::gen::map(rc::gen::resize(100, rc::gen::arbitrary<ElementBits>()),
                        [mask](ElementBits bits) { return bits & mask; });
}

/// Finite numbers: zeros, subnormals, numbers near one, the extremes and everything between.
inline rc::Gen<std::uint32_t> finite_bits(ElementType type) {
    const FloatFormat format = float_format_of(type);
    const std::uint32_t one = static_cast<std::uint32_t>(format.bias()) << (format.mantissa_bits + format.padding_bits);
    const std::uint32_t smallest_normal = 1U << (format.mantissa_bits + format.padding_bits);
    const auto signed_range = [format](std::uint32_t low, std::uint32_t high) {
        return rc::gen::apply([format](std::uint32_t magnitude,
                                       bool negative) { return magnitude | (negative ? format.sign_bit() : 0U); },
                              rc::gen::inRange(low, high), rc::gen::arbitrary<bool>());
    };
    return rc::gen::weightedOneOf<std::uint32_t>(
        {{1, rc::gen::element(0U, format.sign_bit())},
         {1, signed_range(0U, smallest_normal)},
         {3, signed_range(one - 4 * smallest_normal, one + 4 * smallest_normal)},
         {1, signed_range(format.infinity() - smallest_normal, format.infinity())},
         {2, signed_range(0U, format.infinity())}});
}

/// Finite numbers with some infinities and NaNs among them.
inline rc::Gen<std::uint32_t> float_bits(ElementType type) {
    const FloatFormat format = float_format_of(type);
    return rc::gen::weightedOneOf<std::uint32_t>(
        {{60, finite_bits(type)},
         {1, rc::gen::element(format.infinity(), format.infinity() | format.sign_bit(), format.canonical_nan())}});
}

/// A matrix of elements from `bits`.
template <typename Bits>
BitMatrix matrix_of(std::size_t rows, std::size_t columns, ElementType type, const rc::Gen<Bits>& bits) {
    BitMatrix matrix(rows, columns, type);
    matrix.storage = *rc::gen::container<std::vector<ElementBits>>(rows * columns, rc::gen::cast<ElementBits>(bits));
    return matrix;
}

}  // namespace stcsim::testing
