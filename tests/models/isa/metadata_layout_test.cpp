#include "isa/metadata_layout.h"

#include <algorithm>
#include <array>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "instruction_generator.h"
#include "isa/metadata_fragment.h"

namespace stcsim::testing {
namespace {

using enum ElementType;

constexpr std::array sparse_types{f16, bf16, tf32, s8, u8, s4, u4};

/// The codes of a matrix and the block of its metadata that an instruction would get by ldmatrix.
struct StoredMetadata {
    ElementType input;
    std::size_t rows;
    std::size_t stored_k;
    BlockOrder order;
    std::vector<std::uint8_t> codes;
    std::vector<std::uint32_t> words;

    [[nodiscard]] MetadataLayout layout() const { return metadata_layout(input, rows, stored_k, order); }

    [[nodiscard]] WarpRegister block(std::size_t w, std::size_t p) const {
        WarpRegister e;
        std::copy_n(words.begin() + static_cast<std::ptrdiff_t>(layout().first_word(w, p)), warp_lanes, e.begin());
        return e;
    }

    /// Codes of `m` x `columns` stored elements from (row, s); padding reads as positions 0 and 1.
    [[nodiscard]] std::vector<std::uint8_t> window(std::size_t row, std::size_t s, std::size_t m,
                                                   std::size_t columns) const {
        const SparsePattern pattern = sparse_pattern_of(input);
        const std::size_t per_row = stored_k / pattern.unit;
        std::vector<std::uint8_t> result;
        for (std::size_t i = row; i < row + m; ++i) {
            for (std::size_t j = s / pattern.unit; j < (s + columns) / pattern.unit; ++j) {
                const bool inside = i < rows && j < per_row;
                result.push_back(inside ? codes[i * per_row + j] : static_cast<std::uint8_t>(j % pattern.codes()));
            }
        }
        return result;
    }
};

StoredMetadata any_metadata(ElementType input) {
    const auto rows = *rc::gen::inRange<std::size_t>(1, 100);
    const std::size_t stored_k = sparse_pattern_of(input).kept * *rc::gen::inRange<std::size_t>(1, 40);
    const BlockOrder order = *rc::gen::element(BlockOrder::along_k, BlockOrder::along_rows);
    StoredMetadata metadata{input, rows, stored_k, order, any_codes(input, rows * stored_k), {}};
    metadata.words = reorder_metadata(input, metadata.codes, rows, stored_k, order);
    return metadata;
}

RC_GTEST_PROP(MetadataLayout, RestoringInvertsReordering, ()) {
    const StoredMetadata m = any_metadata(*rc::gen::elementOf(sparse_types));
    RC_ASSERT(restore_metadata(m.input, m.words, m.rows, m.stored_k, m.order) == m.codes);
}

RC_GTEST_PROP(MetadataLayout, PackedElementsComeBackWhateverTheirBits, ()) {
    const ElementType input = *rc::gen::elementOf(sparse_types);
    const auto rows = *rc::gen::inRange<std::size_t>(1, 70);
    const std::size_t stored_k = sparse_pattern_of(input).kept * *rc::gen::inRange<std::size_t>(1, 40);
    const std::uint32_t mask = 0xFFFFFFFFU >> (32 - metadata_element_bits(input));
    std::vector<std::uint32_t> elements(rows * metadata_elements_per_row(input, stored_k));
    for (std::uint32_t& element : elements) element = *rc::gen::arbitrary<std::uint32_t>() & mask;
    for (const BlockOrder order : {BlockOrder::along_k, BlockOrder::along_rows}) {
        const auto words = reorder_packed_metadata(input, elements, rows, stored_k, order);
        RC_ASSERT(restore_packed_metadata(input, words, rows, stored_k, order) == elements);
    }
}

/// Position, in elements, of (row, element) of packed metadata with `rows` rows in the global memory of CUTLASS and
/// PyTorch. Their rule, in other words: of each 32 rows (16 for 32-bit elements) row 8 j + g moves to 4 g + j (2 g +
/// j), each 2 x 2 block of moved rows and elements is transposed, and the pairs of element columns follow each other.
std::size_t position_in_cutlass(ElementType input, std::size_t rows, std::size_t row, std::size_t element) {
    const std::size_t group = metadata_element_bits(input) == 16 ? 32 : 16;
    const std::size_t j = row % group / 8;
    const std::size_t moved = row / group * group + row % 8 * (group / 8) + j;
    const std::size_t transposed_row = moved / 2 * 2 + element % 2;
    const std::size_t transposed_element = moved % 2;
    return element / 2 * 2 * rows + 2 * transposed_row + transposed_element;
}

RC_GTEST_PROP(MetadataLayout, AlongRowsIsTheOrderOfCutlassAndPyTorch, ()) {
    const ElementType input = *rc::gen::elementOf(sparse_types);
    const std::size_t rows = 32 * *rc::gen::inRange<std::size_t>(1, 4);
    const std::size_t per_row = 2 * *rc::gen::inRange<std::size_t>(1, 5);
    const std::size_t stored_k = per_row * 128 / bits_of(input);
    std::vector<std::uint32_t> elements(rows * per_row);
    for (std::uint32_t i = 0; i < elements.size(); ++i) elements[i] = i;
    const auto words = reorder_packed_metadata(input, elements, rows, stored_k, BlockOrder::along_rows);
    const bool halves = metadata_element_bits(input) == 16;
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t element = 0; element < per_row; ++element) {
            const std::size_t at = position_in_cutlass(input, rows, row, element);
            const std::uint32_t found = halves ? words[at / 2] >> 16 * (at % 2) & 0xFFFFU : words[at];
            RC_ASSERT(found == elements[row * per_row + element]);
        }
    }
}

RC_GTEST_PROP(MetadataLayout, HandsEveryInstructionItsCodes, ()) {
    const MmaInstruction instruction = *rc::gen::elementOf(sparse_instructions());
    const StoredMetadata m = any_metadata(instruction.a);
    const MetadataLayout layout = m.layout();
    const std::size_t steps = metadata_block_columns(m.input) / instruction.shape.k;  // along k in one block
    for (std::size_t w = 0; w < layout.row_blocks; ++w) {
        for (std::size_t p = 0; p < layout.k_blocks; ++p) {
            for (std::uint32_t selector = 0; selector < sparsity_selectors(instruction); ++selector) {
                const std::size_t row = metadata_block_rows(m.input) * w + 16 * (selector / steps);
                const std::size_t stored = (p * steps + selector % steps) * instruction.stored_k();
                RC_ASSERT(decode_metadata(instruction, m.block(w, p), selector) ==
                          m.window(row, stored, 16, instruction.stored_k()));
            }
        }
    }
}

RC_GTEST_PROP(MetadataLayout, LanesHoldTheWindowsOfTheirInstructions, ()) {
    const MmaInstruction instruction = *rc::gen::elementOf(sparse_instructions());
    const std::uint32_t selector = *rc::gen::inRange(0U, sparsity_selectors(instruction));
    const StoredMetadata m = any_metadata(instruction.a);
    const auto registers = lane_metadata(instruction, selector, m.codes, m.rows, m.stored_k);
    const std::size_t steps = ceil_divide<std::size_t>(m.stored_k, instruction.stored_k());
    RC_ASSERT(registers.size() == ceil_divide<std::size_t>(m.rows, 16) * steps);
    for (std::size_t i = 0; i < registers.size(); ++i) {
        RC_ASSERT(decode_metadata(instruction, registers[i], selector) ==
                  m.window(i / steps * 16, i % steps * instruction.stored_k(), 16, instruction.stored_k()));
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            if (supplies_metadata(instruction, selector, LaneIndex(lane))) continue;
            RC_ASSERT(registers[i][lane] == padding_metadata);
        }
    }
    RC_ASSERT(codes_of_lane_metadata(instruction, selector, registers, m.rows, m.stored_k) == m.codes);
}

TEST(MetadataLayout, PutsRowAndElementOfALaneWhereKernelsExpectThem) {
    // One block: rows 0 to 31, two elements each. All groups keep positions 0 and 1 except one.
    std::vector<std::uint8_t> codes(32 * 16, 0);
    for (std::size_t i = 1; i < codes.size(); i += 2) codes[i] = 1;
    codes[(16 + 8 + 5) * 16 + 8] = 2;  // row 29, element 1, group 0: positions 2 and 3
    codes[(16 + 8 + 5) * 16 + 9] = 3;
    const auto words = reorder_metadata(f16, codes, 32, 16);
    for (std::size_t lane = 0; lane < 32; ++lane) {
        // Row 29 = 16 + 8 + 5: g = 5, t = 2 + element, high half.
        EXPECT_EQ(words[lane], lane == 4 * 5 + 3 ? 0x444E4444U : 0x44444444U);
    }
}

TEST(MetadataLayout, PadsToWholeBlocks) {
    EXPECT_EQ(metadata_layout(f16, 33, 18), (MetadataLayout{2, 2}));
    EXPECT_EQ(metadata_layout(f16, 32, 16).words(), 32U);
    EXPECT_EQ(metadata_layout(s8, 33, 34), (MetadataLayout{3, 2}));
    EXPECT_EQ(metadata_layout(s4, 16, 64).words(), 32U);
    EXPECT_EQ(metadata_block_columns(bf16), 32U);
    EXPECT_EQ(metadata_block_columns(tf32), 16U);
    EXPECT_EQ(metadata_block_columns(u8), 64U);
    EXPECT_EQ(metadata_block_columns(s4), 128U);
}

}  // namespace
}  // namespace stcsim::testing
