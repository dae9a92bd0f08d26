#include "sparsity/metadata_word.h"

#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace stcsim::testing {
namespace {

using enum ElementType;

TEST(MetadataWord, HasTheLegalNibblesOfThePtxIsa) {
    // PTX ISA, "Sparse matrix storage": ordered metadata of 2:4 types is one of these six, of tf32 one of two.
    for (std::uint32_t nibble = 0; nibble < 16; ++nibble) {
        const bool ordered =
            nibble == 0x4 || nibble == 0x8 || nibble == 0x9 || nibble == 0xC || nibble == 0xD || nibble == 0xE;
        EXPECT_EQ(is_legal_nibble(f16, nibble, CodeOrder::ascending), ordered) << nibble;
        const bool equal = nibble == 0x0 || nibble == 0x5 || nibble == 0xA || nibble == 0xF;
        EXPECT_EQ(is_legal_nibble(bf16, nibble, CodeOrder::any), !equal) << nibble;
        EXPECT_EQ(is_legal_nibble(tf32, nibble, CodeOrder::any), nibble == 0x4 || nibble == 0xE) << nibble;
    }
}

TEST(MetadataWord, PutsTheFirstGroupInTheLowestNibble) {
    const std::vector<std::uint8_t> codes{0, 1, 0, 2, 1, 3, 2, 3};
    EXPECT_EQ(pack_metadata(f16, codes, 1, 8), std::vector<std::uint16_t>{0xED84});
    EXPECT_EQ(pack_metadata(tf32, std::vector<std::uint8_t>{0, 1, 1, 0}, 1, 4), std::vector<std::uint16_t>{0x4EE4});
}

TEST(MetadataWord, FillsAnIncompleteWordWithALegalNibble) {
    EXPECT_EQ(pack_metadata(f16, std::vector<std::uint8_t>{2, 3}, 1, 2), std::vector<std::uint16_t>{0x444E});
}

RC_GTEST_PROP(MetadataWord, UnpackingInvertsPacking, ()) {
    const ElementType type = *rc::gen::element(f16, bf16, tf32);
    const SparsePattern pattern = sparse_pattern_of(type);
    const auto rows = *rc::gen::inRange<std::size_t>(0, 5);
    const std::size_t stored_k = pattern.kept * *rc::gen::inRange<std::size_t>(0, 20);
    const auto codes = *rc::gen::container<std::vector<std::uint8_t>>(
        rows * stored_k, rc::gen::inRange<std::uint8_t>(0, static_cast<std::uint8_t>(pattern.group)));
    RC_ASSERT(unpack_metadata(type, pack_metadata(type, codes, rows, stored_k), rows, stored_k) == codes);
}

}  // namespace
}  // namespace stcsim::testing
