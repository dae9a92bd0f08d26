/// Which part of operand A a structured-sparse instruction keeps.
#pragma once

#include <cstdint>

#include "numerics/element_type.h"

namespace stcsim {

/// Of each group of `group` neighbours along k, `kept` are stored, each with its position (its code) in the group.
struct SparsePattern {
    std::uint32_t kept;
    std::uint32_t group;

    /// Stored elements of `k` logical ones; k is a multiple of the group.
    template <typename Integer>
    [[nodiscard]] constexpr Integer stored(Integer k) const {
        return static_cast<Integer>(k / group * kept);
    }

    bool operator==(const SparsePattern&) const = default;
};

/// 2:4, and 1:2 for tf32 (PTX ISA, "Sparse matrix storage").
constexpr SparsePattern sparse_pattern_of(ElementType input) {
    return input == ElementType::tf32 ? SparsePattern{1, 2} : SparsePattern{2, 4};
}

}  // namespace stcsim
