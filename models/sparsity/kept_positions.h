/// Positions of kept elements and the codes that the hardware reads.
///
/// A position is the place of one kept element in its group: 0 to 3 in 2:4, 0 or 1 in tf32's 1:2, 0 to 7 in 4:8. A code
/// is the place of a unit: the same number where a unit is one element; for 4-bit types, whose units are pairs of
/// neighbours, code p stands for the positions 2p and 2p + 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "numerics/element_type.h"

namespace stcsim {

/// One position for each stored element, from one code for each unit.
std::vector<std::uint8_t> positions_from_codes(ElementType type, std::span<const std::uint8_t> codes);

/// The first index of a position that is not the second element of its pair where the first one says so, for 4-bit
/// types; positions have none otherwise. Whole units, or an invariant breaks.
std::optional<std::size_t> find_split_pair(ElementType type, std::span<const std::uint8_t> positions);

/// The inverse of positions_from_codes. Split pairs break an invariant. Positions outside the group or taken twice
/// become codes that find_code_violation (sparsity/structured_sparsity.h) finds.
std::vector<std::uint8_t> codes_from_positions(ElementType type, std::span<const std::uint8_t> positions);

}  // namespace stcsim
