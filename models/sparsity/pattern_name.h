/// The sparse patterns by name, and which of them the hardware executes.
///
/// | name | of each group along k                         | executed for                            |
/// |------|-----------------------------------------------|-----------------------------------------|
/// | 2:4  | any 2 of 4 elements stay                      | f16, bf16, s8, u8                       |
/// | 1:2  | 1 of 2 elements stays                         | tf32                                    |
/// | 4:8  | 2 of the 4 pairs of neighbours (0,1), (2,3) ..| s4, u4                                  |
///
/// A matrix of any type can be pruned to any of them and checked: before it is converted (f32 weights that become f16
/// or s4), or because a stricter pattern is wanted (1:2 is a special case of 2:4). 4:8 always means pairs: four
/// elements anywhere in eight are a pattern that no instruction of Ampere executes. Source: PTX ISA, "Sparse matrix
/// storage".
#pragma once

#include <optional>
#include <string_view>

#include "numerics/element_type.h"
#include "numerics/sparse_pattern.h"

namespace stcsim {

inline constexpr SparsePattern two_of_four{2, 4, 1};
inline constexpr SparsePattern one_of_two{1, 2, 1};
inline constexpr SparsePattern four_of_eight_in_pairs{4, 8, 2};

/// "2:4", "1:2" or "4:8".
std::string_view name_of(const SparsePattern& pattern);

/// The pattern with this name, or nothing.
std::optional<SparsePattern> sparse_pattern_named(std::string_view name);

/// Whether mma.sp takes an operand A of this type: f16, bf16, tf32, s8, u8, s4, u4.
bool has_sparse_instruction(ElementType type);

}  // namespace stcsim
