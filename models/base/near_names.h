/// Suggestions for a name that does not exist.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stcsim {

/// Single-character insertions, deletions, substitutions and exchanges of neighbours that turn `a` into `b` (the
/// restricted Damerau-Levenshtein distance).
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The names of `known` nearest to `wanted` by edit distance, nearest first, equal ones in the order given; at most
/// `most`. Names that would have to be rewritten for the most part are left out, so the result may be empty.
std::vector<std::string> near_names(std::string_view wanted, std::span<const std::string> known, std::size_t most = 3);

}  // namespace stcsim
