/// The metadata of a whole matrix A in every order it is kept in, and the conversions between them.
///
/// The order of reference is packed: metadata elements, row-major (sparsity/metadata_word.h; pack_metadata makes them
/// from codes). The others are:
///
/// **Reordered**, as kernels keep it in memory so that ldmatrix hands each lane its E register. A block is 32 words of
/// 32 bits, one 8 x 8 matrix of ldmatrix (128 bytes): lane l = 4 g + t gets word l. It covers two metadata elements of
/// each of its rows:
///  - 16-bit elements: 32 rows. The low half of word l is row 16 (t div 2) + g of the block, element t mod 2; the high
///    half is the row 8 below. Instructions with two elements per row (f16 m16n8k32) use selector 0 for rows 0-15 of
///    the block and 1 for rows 16-31; those with one (f16 m16n8k16) selector 2 h + w for rows 16 h .. and element w.
///  - 32-bit elements: 16 rows. Word l is row g + 8 (t mod 2) of the block, element t div 2. Instructions with two
///    elements per row (s8 m16n8k64) use selector 0; those with one (s8 m16n8k32) selector w for element w.
/// Blocks lie along k first or along the rows first (BlockOrder).
///
/// **Per lane**: for each instruction along the matrix, the E register of a warp.
///
/// Source: the order within a block and along_rows are those of CUTLASS (reorder_meta in tools/util host_reorder.h,
/// stored as ColumnMajorInterleaved<2>) and of PyTorch's semi-structured tensors
/// (torch/sparse/_semi_structured_conversions.py). An array of 16-bit elements holds the low half of each word first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/units.h"
#include "isa/fragment.h"
#include "isa/mma_instruction.h"
#include "numerics/element_type.h"

namespace stcsim {

inline constexpr std::size_t metadata_block_words = 32;
inline constexpr Bytes metadata_block_bytes{128};

/// Which blocks are neighbours in memory.
enum class BlockOrder : std::uint8_t {
    along_k,     ///< those of the same rows: what this model's kernels copy, row block by row block
    along_rows,  ///< those of the same columns: what CUTLASS and PyTorch store
};

/// Blocks along each axis of the metadata of an m x k matrix, incomplete ones counted whole.
struct MetadataLayout {
    std::size_t row_blocks;
    std::size_t k_blocks;
    BlockOrder order = BlockOrder::along_k;

    /// Position of a block's first word.
    [[nodiscard]] std::size_t first_word(std::size_t row_block, std::size_t k_block) const {
        const std::size_t block =
            order == BlockOrder::along_k ? row_block * k_blocks + k_block : k_block * row_blocks + row_block;
        return block * metadata_block_words;
    }
    [[nodiscard]] std::size_t words() const { return row_blocks * k_blocks * metadata_block_words; }

    bool operator==(const MetadataLayout&) const = default;
};

/// Rows of A that a block covers: 32 where metadata elements have 16 bits, 16 where they have 32.
std::size_t metadata_block_rows(ElementType input);

/// Logical columns of A that a block covers: 32 for 16-bit types, 16 for tf32, 64 for 8-bit and 128 for 4-bit integers.
std::size_t metadata_block_columns(ElementType input);

/// The layout for `rows` rows and `stored_k` stored elements per row.
MetadataLayout metadata_layout(ElementType input, std::size_t rows, std::size_t stored_k,
                               BlockOrder order = BlockOrder::along_k);

/// Packed elements as the words in memory order. Rows and columns that pad the last blocks get padding nibbles
/// (positions 0 and 1).
std::vector<std::uint32_t> reorder_packed_metadata(ElementType input, std::span<const std::uint32_t> elements,
                                                   std::size_t rows, std::size_t stored_k, BlockOrder order);

/// The inverse of reorder_packed_metadata; padding is dropped.
std::vector<std::uint32_t> restore_packed_metadata(ElementType input, std::span<const std::uint32_t> words,
                                                   std::size_t rows, std::size_t stored_k, BlockOrder order);

/// Codes, row-major rows x stored_k / unit, as the words in memory order.
std::vector<std::uint32_t> reorder_metadata(ElementType input, std::span<const std::uint8_t> codes, std::size_t rows,
                                            std::size_t stored_k, BlockOrder order = BlockOrder::along_k);

/// The inverse of reorder_metadata.
std::vector<std::uint8_t> restore_metadata(ElementType input, std::span<const std::uint32_t> words, std::size_t rows,
                                           std::size_t stored_k, BlockOrder order = BlockOrder::along_k);

/// The E registers of the instructions that cover the matrix, [16-row block][step along k], all with this selector.
/// What the instruction does not read, and what pads the last rows and steps, are padding nibbles. Throws InputError
/// for an illegal selector.
std::vector<WarpRegister> lane_metadata(const MmaInstruction& instruction, std::uint32_t selector,
                                        std::span<const std::uint8_t> codes, std::size_t rows, std::size_t stored_k);

/// The inverse of lane_metadata: codes, row-major rows x stored_k / unit.
std::vector<std::uint8_t> codes_of_lane_metadata(const MmaInstruction& instruction, std::uint32_t selector,
                                                 std::span<const WarpRegister> registers, std::size_t rows,
                                                 std::size_t stored_k);

}  // namespace stcsim
