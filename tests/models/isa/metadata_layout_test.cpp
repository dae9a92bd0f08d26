#include "isa/metadata_layout.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "instruction_generator.h"
#include "isa/metadata_fragment.h"

namespace stcsim::testing {
namespace {

/// The codes of a matrix and the block of its metadata that an instruction would get by ldmatrix.
struct StoredMetadata {
    ElementType input;
    std::size_t rows;
    std::size_t stored_k;
    std::vector<std::uint8_t> codes;
    std::vector<std::uint32_t> words;

    [[nodiscard]] WarpRegister block(std::size_t w, std::size_t p) const {
        WarpRegister e;
        std::copy_n(
            words.begin() + static_cast<std::ptrdiff_t>(metadata_layout(input, rows, stored_k).first_word(w, p)),
            warp_lanes, e.begin());
        return e;
    }

    /// Codes of `m` x `columns` stored elements from (row, s); padding reads as positions 0 and 1.
    [[nodiscard]] std::vector<std::uint8_t> window(std::size_t row, std::size_t s, std::size_t m,
                                                   std::size_t columns) const {
        const std::uint32_t kept = sparse_pattern_of(input).kept;
        std::vector<std::uint8_t> result;
        for (std::size_t i = row; i < row + m; ++i) {
            for (std::size_t j = s; j < s + columns; ++j) {
                const bool inside = i < rows && j < stored_k;
                result.push_back(inside ? codes[i * stored_k + j] : static_cast<std::uint8_t>(j % kept));
            }
        }
        return result;
    }
};

StoredMetadata any_metadata(ElementType input) {
    const auto rows = *rc::gen::inRange<std::size_t>(1, 100);
    const std::size_t stored_k = sparse_pattern_of(input).kept * *rc::gen::inRange<std::size_t>(1, 40);
    StoredMetadata metadata{input, rows, stored_k, any_codes(input, rows * stored_k), {}};
    metadata.words = reorder_metadata(input, metadata.codes, rows, stored_k);
    return metadata;
}

RC_GTEST_PROP(MetadataLayout, RestoringInvertsReordering, ()) {
    const StoredMetadata m = any_metadata(*rc::gen::element(ElementType::f16, ElementType::bf16, ElementType::tf32));
    RC_ASSERT(restore_metadata(m.input, m.words, m.rows, m.stored_k) == m.codes);
}

RC_GTEST_PROP(MetadataLayout, HandsEveryInstructionItsCodes, ()) {
    const MmaInstruction instruction = *rc::gen::elementOf(sparse_instructions());
    const StoredMetadata m = any_metadata(instruction.a);
    const MetadataLayout layout = metadata_layout(m.input, m.rows, m.stored_k);
    const std::size_t steps = metadata_block_columns(m.input) / instruction.shape.k;  // along k in one block
    for (std::size_t w = 0; w < layout.row_blocks; ++w) {
        for (std::size_t p = 0; p < layout.k_blocks; ++p) {
            for (std::uint32_t selector = 0; selector < sparsity_selectors(instruction); ++selector) {
                const std::size_t row = metadata_block_rows * w + 16 * (selector / steps);
                const std::size_t stored = (p * steps + selector % steps) * instruction.stored_k();
                RC_ASSERT(decode_metadata(instruction, m.block(w, p), selector) ==
                          m.window(row, stored, 16, instruction.stored_k()));
            }
        }
    }
}

TEST(MetadataLayout, PutsRowAndWordOfALaneWhereKernelsExpectThem) {
    // One block: rows 0 to 31, two words each. All groups keep positions 0 and 1 except one.
    std::vector<std::uint8_t> codes(32 * 16, 0);
    for (std::size_t i = 1; i < codes.size(); i += 2) codes[i] = 1;
    codes[(16 + 8 + 5) * 16 + 8] = 2;  // row 29, word 1, group 0: positions 2 and 3
    codes[(16 + 8 + 5) * 16 + 9] = 3;
    const auto words = reorder_metadata(ElementType::f16, codes, 32, 16);
    for (std::size_t lane = 0; lane < 32; ++lane) {
        // Row 29 = 16 + 8 + 5: g = 5, t = 2 + word, high half.
        EXPECT_EQ(words[lane], lane == 4 * 5 + 3 ? 0x444E4444U : 0x44444444U);
    }
}

TEST(MetadataLayout, PadsToWholeBlocks) {
    EXPECT_EQ(metadata_layout(ElementType::f16, 33, 18), (MetadataLayout{2, 2}));
    EXPECT_EQ(metadata_layout(ElementType::f16, 32, 16).words(), 32U);
    EXPECT_EQ(metadata_block_columns(ElementType::bf16), 32U);
    EXPECT_EQ(metadata_block_columns(ElementType::tf32), 16U);
}

}  // namespace
}  // namespace stcsim::testing
