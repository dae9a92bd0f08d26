/// Matrices for property tests of sparsity.
#pragma once

#include <algorithm>
#include <vector>

#include <rapidcheck.h>

#include "numerics/bit_matrix.h"
#include "sparsity/pattern_name.h"

namespace stcsim::testing {

/// A type that mma.sp takes for A.
inline ElementType any_sparse_type() {
    using enum ElementType;
    return *rc::gen::element(f16, bf16, tf32, s8, u8, s4, u4);
}

inline bool has_minus_zero(ElementType type) {
    using enum ElementType;
    return type == f16 || type == bf16 || type == tf32 || type == f32 || type == f64;
}

inline SparsePattern any_pattern() {
    return *rc::gen::element(two_of_four, one_of_two, four_of_eight_in_pairs);
}

/// Columns are whole groups of `pattern`; few small magnitudes of both signs, so that zeros and ties are common.
inline BitMatrix any_matrix(ElementType type, const SparsePattern& pattern) {
    const auto rows = *rc::gen::inRange<std::size_t>(1, 5);
    const std::size_t columns = pattern.group * *rc::gen::inRange<std::size_t>(1, 8);
    const ElementBits sign = ElementBits{1} << (bits_of(type) - 1U);
    const ElementBits step = type == ElementType::tf32 ? 1U << 13U : 1U;
    BitMatrix matrix(rows, columns, type);
    matrix.storage = *rc::gen::container<std::vector<ElementBits>>(
        rows * columns, rc::gen::apply([=](ElementBits x, bool negative) { return x * step | (negative ? sign : 0U); },
                                       rc::gen::inRange<ElementBits>(0, 4), rc::gen::arbitrary<bool>()));
    return matrix;
}

inline BitMatrix any_matrix() {
    const ElementType type = any_sparse_type();
    return any_matrix(type, sparse_pattern_of(type));
}

}  // namespace stcsim::testing
