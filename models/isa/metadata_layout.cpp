#include "isa/metadata_layout.h"

#include "base/error.h"
#include "numerics/sparse_pattern.h"
#include "sparsity/metadata_word.h"

namespace stcsim {
namespace {

constexpr std::size_t words_per_block_row = 2;
constexpr std::uint16_t padding_word = 0x1111 * padding_nibble;

std::size_t stored_per_word(ElementType input) {
    return std::size_t{groups_per_metadata_word} * sparse_pattern_of(input).kept;
}

/// Calls visit(row, word in the row, position in memory order, shift) for every 16-bit word, padding included.
template <typename Visit>
void for_each_word(const MetadataLayout& layout, Visit visit) {
    for (std::size_t w = 0; w < layout.row_blocks; ++w) {
        for (std::size_t p = 0; p < layout.k_blocks; ++p) {
            for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
                const std::size_t g = lane / 4;
                const std::size_t t = lane % 4;
                const std::size_t row = metadata_block_rows * w + 16 * (t / 2) + g;
                const std::size_t word = words_per_block_row * p + t % 2;
                visit(row, word, layout.first_word(w, p) + lane, 0U);
                visit(row + 8, word, layout.first_word(w, p) + lane, 16U);
            }
        }
    }
}

}  // namespace

std::size_t metadata_block_columns(ElementType input) {
    return words_per_block_row * groups_per_metadata_word * sparse_pattern_of(input).group;
}

MetadataLayout metadata_layout(ElementType input, std::size_t rows, std::size_t stored_k) {
    return {ceil_divide(rows, metadata_block_rows),
            ceil_divide(stored_k, words_per_block_row * stored_per_word(input))};
}

std::vector<std::uint32_t> reorder_metadata(ElementType input, std::span<const std::uint8_t> codes, std::size_t rows,
                                            std::size_t stored_k) {
    const std::vector<std::uint16_t> packed = pack_metadata(input, codes, rows, stored_k);
    const std::size_t words_per_row = ceil_divide(stored_k, stored_per_word(input));
    const MetadataLayout layout = metadata_layout(input, rows, stored_k);
    std::vector<std::uint32_t> reordered(layout.words());
    for_each_word(layout, [&](std::size_t row, std::size_t word, std::size_t position, std::uint32_t shift) {
        const bool inside = row < rows && word < words_per_row;
        const std::uint32_t bits = inside ? packed[row * words_per_row + word] : padding_word;
        reordered[position] |= bits << shift;
    });
    return reordered;
}

std::vector<std::uint8_t> restore_metadata(ElementType input, std::span<const std::uint32_t> words, std::size_t rows,
                                           std::size_t stored_k) {
    const std::size_t words_per_row = ceil_divide(stored_k, stored_per_word(input));
    const MetadataLayout layout = metadata_layout(input, rows, stored_k);
    STCSIM_ASSERT(words.size() == layout.words());
    std::vector<std::uint16_t> packed(rows * words_per_row);
    for_each_word(layout, [&](std::size_t row, std::size_t word, std::size_t position, std::uint32_t shift) {
        if (row >= rows || word >= words_per_row) return;
        packed[row * words_per_row + word] = static_cast<std::uint16_t>(words[position] >> shift);
    });
    return unpack_metadata(input, packed, rows, stored_k);
}

}  // namespace stcsim
