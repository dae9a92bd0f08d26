/// Whole matrices of raw bits from a seed: quicker than a generator for each element, for tests of many products.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "numerics/bit_matrix.h"
#include "numerics/float_format.h"
#include "numerics/sparse_pattern.h"
#include "numerics/vector_fused_dot.h"

namespace stcsim::testing {

/// Which floating-point numbers a matrix holds. Integers and bits are always any.
enum class Numbers : std::uint8_t {
    coarse,   ///< few significant bits and exponents near zero: sums cancel, and tie when they are rounded
    close,    ///< exponents near zero
    edges,    ///< exponents at the limits of the moderate numbers (vector_fused_dot.h), seldom one beyond
    finite,   ///< any finite number, subnormals and zeros of both signs among them
    special,  ///< the same with some infinities and NaNs
};

inline constexpr std::array all_numbers{Numbers::coarse, Numbers::close, Numbers::edges, Numbers::finite,
                                        Numbers::special};

/// Sign, exponent and mantissa bits of a floating-point type and the bits below that carry nothing.
struct FieldWidths {
    std::uint32_t exponent;
    std::uint32_t mantissa;
    std::uint32_t padding;
};

inline FieldWidths field_widths(ElementType type) {
    if (type == ElementType::f64) return {11, 52, 0};
    const FloatFormat format = float_format_of(type);
    return {static_cast<std::uint32_t>(format.exponent_bits), static_cast<std::uint32_t>(format.mantissa_bits),
            static_cast<std::uint32_t>(format.padding_bits)};
}

inline ElementBits random_float(ElementType type, Numbers numbers, std::mt19937_64& random) {
    const FieldWidths widths = field_widths(type);
    const auto below = [&random](std::uint64_t limit) { return random() % limit; };
    const auto highest = static_cast<std::int64_t>((std::uint64_t{1} << widths.exponent) - 1);
    const std::int64_t bias = highest / 2;
    std::uint64_t mantissa = random() & ((std::uint64_t{1} << widths.mantissa) - 1);
    std::int64_t exponent = bias;
    switch (numbers) {
        case Numbers::coarse:
            mantissa &= std::uint64_t{3} << (widths.mantissa - 2);
            exponent += static_cast<std::int64_t>(below(7)) - 3;
            break;
        case Numbers::close: exponent += static_cast<std::int64_t>(below(9)) - 4; break;
        case Numbers::edges: {
            // An addend, an f32, goes to other limits than a factor.
            const std::int64_t limit = type == ElementType::f32 ? moderate_addend_exponent : moderate_exponent;
            const std::array<std::int64_t, 7> exponents{-limit, 1 - limit, -limit / 2, 0, limit / 2, limit - 1, limit};
            exponent += exponents.at(below(exponents.size()));
            if (below(512) == 0) exponent = bias + (below(2) == 0 ? -limit - 1 : limit + 1);
            if (below(2) == 0) mantissa &= std::uint64_t{3} << (widths.mantissa - 2);
            break;
        }
        case Numbers::finite:
        case Numbers::special:
            exponent = static_cast<std::int64_t>(below(static_cast<std::uint64_t>(highest)));
            if (below(8) == 0) exponent = 0;
            if (numbers == Numbers::special && below(64) == 0) exponent = highest;
            break;
    }
    if (below(8) == 0) mantissa = 0;
    if (below(16) == 0) {
        exponent = 0;
        mantissa = 0;
    }
    exponent = std::clamp<std::int64_t>(exponent, 0, numbers == Numbers::special ? highest : highest - 1);
    const std::uint64_t fields =
        (below(2) << widths.exponent | static_cast<std::uint64_t>(exponent)) << widths.mantissa | mantissa;
    return fields << widths.padding | (random() & ((std::uint64_t{1} << widths.padding) - 1));
}

inline BitMatrix random_matrix(std::size_t rows, std::size_t columns, ElementType type, Numbers numbers,
                               std::mt19937_64& random) {
    BitMatrix matrix(rows, columns, type);
    const bool floating = is_float(type) || type == ElementType::f64;
    for (ElementBits& bits : matrix.storage) {
        bits = floating ? random_float(type, numbers, random) : random() & (~ElementBits{0} >> (64 - bits_of(type)));
    }
    return matrix;
}

/// Sums close to the ends of s32, where wrapping and saturation show.
inline BitMatrix sums_near_overflow(std::size_t rows, std::size_t columns, std::mt19937_64& random) {
    BitMatrix matrix(rows, columns, ElementType::s32);
    for (ElementBits& bits : matrix.storage) bits = static_cast<std::uint32_t>(0x7FFF0000U + random() % 0x20000U);
    return matrix;
}

/// Codes for `stored` elements in each of `rows` rows; distinct ones in a group are not asked for.
inline std::vector<std::uint8_t> random_codes(std::size_t rows, std::size_t stored, const SparsePattern& pattern,
                                              std::mt19937_64& random) {
    std::vector<std::uint8_t> codes(rows * stored / pattern.unit);
    for (std::uint8_t& code : codes) code = static_cast<std::uint8_t>(random() % pattern.positions());
    return codes;
}

}  // namespace stcsim::testing
