#include "isa/metadata_layout.h"

#include "base/error.h"
#include "isa/metadata_fragment.h"
#include "numerics/sparse_pattern.h"
#include "sparsity/metadata_word.h"

namespace stcsim {
namespace {

constexpr std::size_t elements_per_block_row = 2;

/// A metadata element's place in a block: low or high half of a word, or all of it.
struct BlockPlace {
    std::size_t row;      ///< of the block
    std::size_t element;  ///< of the row, 0 or 1
    std::size_t word;     ///< the lane
    std::uint32_t shift;
};

/// Calls visit for the places of a block.
template <typename Visit>
void for_each_place(ElementType input, Visit visit) {
    for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
        const std::size_t g = lane / 4;
        const std::size_t t = lane % 4;
        if (metadata_element_bits(input) == 32) {
            visit(BlockPlace{g + 8 * (t % 2), t / 2, lane, 0});
        } else {
            visit(BlockPlace{16 * (t / 2) + g, t % 2, lane, 0});
            visit(BlockPlace{16 * (t / 2) + g + 8, t % 2, lane, 16});
        }
    }
}

/// Calls visit(row, element in the row, position in memory order, shift) for every element, padding included.
template <typename Visit>
void for_each_element(ElementType input, const MetadataLayout& layout, Visit visit) {
    const std::size_t block_rows = metadata_block_rows(input);
    for (std::size_t w = 0; w < layout.row_blocks; ++w) {
        for (std::size_t p = 0; p < layout.k_blocks; ++p) {
            for_each_place(input, [&](const BlockPlace& place) {
                visit(block_rows * w + place.row, elements_per_block_row * p + place.element,
                      layout.first_word(w, p) + place.word, place.shift);
            });
        }
    }
}

std::uint32_t element_mask(ElementType input) {
    return 0xFFFFFFFFU >> (32 - metadata_element_bits(input));
}

/// The instructions that cover a matrix and their windows of its codes.
class Windows {
  public:
    Windows(const MmaInstruction& instruction, std::size_t rows, std::size_t stored_k)
        : instruction_(instruction),
          pattern_(sparse_pattern_of(instruction.a)),
          rows_(rows),
          codes_per_row_(stored_k / pattern_.unit),
          window_codes_(instruction.stored_k() / pattern_.unit) {
        STCSIM_ASSERT(instruction.sparse && stored_k % pattern_.kept == 0);
    }

    [[nodiscard]] std::size_t row_blocks() const { return ceil_divide<std::size_t>(rows_, instruction_.shape.m); }
    [[nodiscard]] std::size_t steps() const { return ceil_divide(codes_per_row_, window_codes_); }
    [[nodiscard]] std::size_t codes() const { return rows_ * codes_per_row_; }

    /// Calls visit(index in the window, index in the matrix) for each code of an instruction that is in the matrix.
    template <typename Visit>
    void for_each_code(std::size_t row_block, std::size_t step, Visit visit) const {
        for (std::size_t i = 0; i < instruction_.shape.m; ++i) {
            const std::size_t row = row_block * instruction_.shape.m + i;
            for (std::size_t j = 0; row < rows_ && j < window_codes_; ++j) {
                const std::size_t code = step * window_codes_ + j;
                if (code < codes_per_row_) visit(i * window_codes_ + j, row * codes_per_row_ + code);
            }
        }
    }

    /// Codes of padding: the first positions of each group.
    [[nodiscard]] std::vector<std::uint8_t> padding() const {
        std::vector<std::uint8_t> codes(instruction_.shape.m * window_codes_);
        for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint8_t>(i % pattern_.codes());
        return codes;
    }

  private:
    const MmaInstruction& instruction_;
    SparsePattern pattern_;
    std::size_t rows_;
    std::size_t codes_per_row_;
    std::size_t window_codes_;
};

}  // namespace

std::size_t metadata_block_rows(ElementType input) {
    return metadata_element_bits(input) == 32 ? 16 : 32;
}

std::size_t metadata_block_columns(ElementType input) {
    return elements_per_block_row * groups_per_metadata_element(input) * sparse_pattern_of(input).group;
}

MetadataLayout metadata_layout(ElementType input, std::size_t rows, std::size_t stored_k, BlockOrder order) {
    return {ceil_divide(rows, metadata_block_rows(input)),
            ceil_divide(metadata_elements_per_row(input, stored_k), elements_per_block_row), order};
}

std::vector<std::uint32_t> reorder_packed_metadata(ElementType input, std::span<const std::uint32_t> elements,
                                                   std::size_t rows, std::size_t stored_k, BlockOrder order) {
    const std::size_t per_row = metadata_elements_per_row(input, stored_k);
    STCSIM_ASSERT(elements.size() == rows * per_row);
    const MetadataLayout layout = metadata_layout(input, rows, stored_k, order);
    std::vector<std::uint32_t> words(layout.words());
    for_each_element(input, layout,
                     [&](std::size_t row, std::size_t element, std::size_t position, std::uint32_t shift) {
                         const bool inside = row < rows && element < per_row;
                         const std::uint32_t bits = inside ? elements[row * per_row + element] : padding_metadata;
                         words[position] |= (bits & element_mask(input)) << shift;
                     });
    return words;
}

std::vector<std::uint32_t> restore_packed_metadata(ElementType input, std::span<const std::uint32_t> words,
                                                   std::size_t rows, std::size_t stored_k, BlockOrder order) {
    const std::size_t per_row = metadata_elements_per_row(input, stored_k);
    const MetadataLayout layout = metadata_layout(input, rows, stored_k, order);
    STCSIM_ASSERT(words.size() == layout.words());
    std::vector<std::uint32_t> elements(rows * per_row);
    for_each_element(input, layout,
                     [&](std::size_t row, std::size_t element, std::size_t position, std::uint32_t shift) {
                         if (row >= rows || element >= per_row) return;
                         elements[row * per_row + element] = words[position] >> shift & element_mask(input);
                     });
    return elements;
}

std::vector<std::uint32_t> reorder_metadata(ElementType input, std::span<const std::uint8_t> codes, std::size_t rows,
                                            std::size_t stored_k, BlockOrder order) {
    return reorder_packed_metadata(input, pack_metadata(input, codes, rows, stored_k), rows, stored_k, order);
}

std::vector<std::uint8_t> restore_metadata(ElementType input, std::span<const std::uint32_t> words, std::size_t rows,
                                           std::size_t stored_k, BlockOrder order) {
    return unpack_metadata(input, restore_packed_metadata(input, words, rows, stored_k, order), rows, stored_k);
}

std::vector<WarpRegister> lane_metadata(const MmaInstruction& instruction, std::uint32_t selector,
                                        std::span<const std::uint8_t> codes, std::size_t rows, std::size_t stored_k) {
    const Windows windows(instruction, rows, stored_k);
    STCSIM_ASSERT(codes.size() == windows.codes());
    std::vector<WarpRegister> registers;
    registers.reserve(windows.row_blocks() * windows.steps());
    for (std::size_t row_block = 0; row_block < windows.row_blocks(); ++row_block) {
        for (std::size_t step = 0; step < windows.steps(); ++step) {
            std::vector<std::uint8_t> window = windows.padding();
            windows.for_each_code(row_block, step, [&](std::size_t at, std::size_t code) { window[at] = codes[code]; });
            registers.emplace_back().fill(padding_metadata);
            encode_metadata(instruction, window, selector, registers.back());
        }
    }
    return registers;
}

std::vector<std::uint8_t> codes_of_lane_metadata(const MmaInstruction& instruction, std::uint32_t selector,
                                                 std::span<const WarpRegister> registers, std::size_t rows,
                                                 std::size_t stored_k) {
    const Windows windows(instruction, rows, stored_k);
    STCSIM_ASSERT(registers.size() == windows.row_blocks() * windows.steps());
    std::vector<std::uint8_t> codes(windows.codes());
    for (std::size_t i = 0; i < registers.size(); ++i) {
        const std::vector<std::uint8_t> window = decode_metadata(instruction, registers[i], selector);
        windows.for_each_code(i / windows.steps(), i % windows.steps(),
                              [&](std::size_t at, std::size_t code) { codes[code] = window[at]; });
    }
    return codes;
}

}  // namespace stcsim
