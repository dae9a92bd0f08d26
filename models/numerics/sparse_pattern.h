/// Which part of operand A a structured-sparse instruction keeps.
#pragma once

#include <cstdint>

#include "numerics/element_type.h"

namespace stcsim {

/// Of each group of `group` neighbours along k, `kept` are stored. They are chosen by units of `unit` neighbours: a
/// code is the position of a unit in its group.
struct SparsePattern {
    std::uint32_t kept;
    std::uint32_t group;
    std::uint32_t unit;

    /// Codes of a group: the units that are kept.
    [[nodiscard]] constexpr std::uint32_t codes() const { return kept / unit; }
    /// Codes are below this.
    [[nodiscard]] constexpr std::uint32_t positions() const { return group / unit; }

    /// Stored elements of `k` logical ones; k is a multiple of the group.
    template <typename Integer>
    [[nodiscard]] constexpr Integer stored(Integer k) const {
        return static_cast<Integer>(k / group * kept);
    }

    bool operator==(const SparsePattern&) const = default;
};

/// 2:4, 1:2 for tf32, and for 4-bit integers 4:8 in pairs (PTX ISA, "Sparse matrix storage").
constexpr SparsePattern sparse_pattern_of(ElementType input) {
    switch (input) {
        case ElementType::tf32: return {1, 2, 1};
        case ElementType::s4:
        case ElementType::u4: return {4, 8, 2};
        default: return {2, 4, 1};
    }
}

}  // namespace stcsim
