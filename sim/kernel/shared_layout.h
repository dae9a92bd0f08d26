/// Where a stage's tiles lie in shared memory: swizzled, so that ldmatrix and cp.async meet no bank conflicts.
#pragma once

#include <cstdint>

namespace stcsim {

/// Bytes of one chunk: a row of an 8x8 matrix of 16-bit elements, and the width of a cp.async.
inline constexpr std::uint32_t chunk_bytes = 16;
/// Chunks in a line of all 32 banks.
inline constexpr std::uint32_t chunks_per_line = 8;

/// Byte offset of a 16-byte chunk in a tile of rows of 64, 128 or 256 bytes (`chunks_per_row` 4, 8 or 16).
///
/// Eight consecutive rows at one chunk position - what one ldmatrix matrix reads - fall into eight different chunk
/// columns of the banks: the position is exclusive-ored with the row (rows of 128 bytes and more) or with the pair of
/// rows that shares a line (64-byte rows).
constexpr std::uint32_t swizzled_offset(std::uint32_t row, std::uint32_t chunk, std::uint32_t chunks_per_row) {
    if (chunks_per_row >= chunks_per_line)
        return (row * chunks_per_row + (chunk ^ row % chunks_per_line)) * chunk_bytes;
    const std::uint32_t rows_per_line = chunks_per_line / chunks_per_row;
    const std::uint32_t line = row / rows_per_line;
    const std::uint32_t swizzled = chunk ^ (line % chunks_per_row);
    return (line * chunks_per_line + row % rows_per_line * chunks_per_row + swizzled) * chunk_bytes;
}

}  // namespace stcsim
