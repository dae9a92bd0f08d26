/// The metadata of a whole matrix in the order kernels keep it in memory, so that ldmatrix hands each lane its E
/// register.
///
/// A block is 32 words of 32 bits, one ldmatrix matrix (128 bytes): lane l = 4 g + t gets word l. It covers 32 rows of
/// A and two metadata words of each (32 columns of 16-bit elements, 16 of tf32): the low half of lane l's word is row
/// 16 (t div 2) + g of the block, word t mod 2; the high half is the row 8 below. The instructions with two words per
/// row (f16 m16n8k32) then use selector 0 for rows 0-15 of the block and 1 for rows 16-31; those with one (f16
/// m16n8k16) selector 2 h + w for rows 16 h .. and word w. Blocks are stored along k first: [32-row block][block along
/// k]. Source: this is the order in which CUTLASS and PyTorch's semi-structured tensors store metadata.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/units.h"
#include "numerics/element_type.h"

namespace stcsim {

inline constexpr std::size_t metadata_block_rows = 32;
inline constexpr std::size_t metadata_block_words = 32;
inline constexpr Bytes metadata_block_bytes{128};

/// Blocks along each axis of the metadata of an m x k matrix, incomplete ones counted whole.
struct MetadataLayout {
    std::size_t row_blocks;
    std::size_t k_blocks;

    /// Position of a block's first word.
    [[nodiscard]] std::size_t first_word(std::size_t row_block, std::size_t k_block) const {
        return (row_block * k_blocks + k_block) * metadata_block_words;
    }
    [[nodiscard]] std::size_t words() const { return row_blocks * k_blocks * metadata_block_words; }

    bool operator==(const MetadataLayout&) const = default;
};

/// Logical columns of A that a block covers: 32 for 16-bit types, 16 for tf32.
std::size_t metadata_block_columns(ElementType input);

/// The layout for `rows` rows and `stored_k` stored elements per row.
MetadataLayout metadata_layout(ElementType input, std::size_t rows, std::size_t stored_k);

/// Codes, row-major rows x stored_k, as the words in memory order. Rows and columns that pad the last blocks get
/// positions 0 and 1.
std::vector<std::uint32_t> reorder_metadata(ElementType input, std::span<const std::uint8_t> codes, std::size_t rows,
                                            std::size_t stored_k);

/// The inverse of reorder_metadata; padding is dropped.
std::vector<std::uint8_t> restore_metadata(ElementType input, std::span<const std::uint32_t> words, std::size_t rows,
                                           std::size_t stored_k);

}  // namespace stcsim
