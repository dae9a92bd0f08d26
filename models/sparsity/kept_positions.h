/// Positions of kept elements and the codes that the hardware reads.
///
/// A position is the place of one kept element in its group: 0 to 3 in 2:4, 0 or 1 in tf32's 1:2, 0 to 7 in 4:8. A code
/// is the place of a unit: the same number where a unit is one element; for 4-bit types, whose units are pairs of
/// neighbours, code p stands for the positions 2p and 2p + 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "numerics/element_type.h"

namespace stcsim {

/// One position for each stored element, from one code for each unit.
std::vector<std::uint8_t> positions_from_codes(ElementType type, std::span<const std::uint8_t> codes);

/// The inverse; `positions` are rows of `stored_k`, row-major, or an invariant breaks. Throws InputError with row,
/// stored column and position where two neighbours of a 4-bit type are not the two elements of one pair. Positions
/// outside the group or taken twice become codes that find_code_violation finds.
std::vector<std::uint8_t> codes_from_positions(ElementType type, std::span<const std::uint8_t> positions,
                                               std::size_t stored_k);

}  // namespace stcsim
