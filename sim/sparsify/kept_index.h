/// The index of a compressed matrix: the position of each kept element in its group.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sparsify/metadata_order.h"

namespace stcsim {

/// Codes of rows first, first + 1 .. of an index, an array of integers [rows, kept elements of a row] with positions as
/// sparsity/kept_positions.h defines them. Throws InputError for a type or shape that does not fit, and with the index
/// of a position outside its group, taken twice, or of a 4-bit type's pair that is split.
std::vector<std::uint8_t> read_index(const NpyRows& array, const MetadataSize& size, std::size_t first,
                                     std::size_t count);

}  // namespace stcsim
