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

TEST(MetadataWord, OfIntegersHasTheLegalNibblesOfTwoOfFour) {
    for (const ElementType type : {s8, u8, s4, u4}) {
        for (std::uint32_t nibble = 0; nibble < 16; ++nibble) {
            for (const CodeOrder order : {CodeOrder::any, CodeOrder::ascending}) {
                EXPECT_EQ(is_legal_nibble(type, nibble, order), is_legal_nibble(f16, nibble, order)) << nibble;
            }
        }
    }
}

using Elements = std::vector<std::uint32_t>;
using Codes = std::vector<std::uint8_t>;

TEST(MetadataWord, PutsTheFirstGroupInTheLowestNibble) {
    EXPECT_EQ(pack_metadata(f16, Codes{0, 1, 0, 2, 1, 3, 2, 3}, 1, 8), Elements{0xED84});
    EXPECT_EQ(pack_metadata(tf32, Codes{0, 1, 1, 0}, 1, 4), Elements{0x4EE4});
    EXPECT_EQ(pack_metadata(s8, Codes{0, 1, 0, 2, 1, 3, 2, 3, 0, 1, 0, 1, 0, 1, 1, 0}, 1, 16), Elements{0x1444ED84});
    // 4-bit integers: a code for a pair, two codes for four values of eight.
    EXPECT_EQ(pack_metadata(u4, Codes{0, 1, 0, 2, 1, 3, 2, 3, 0, 1, 0, 1, 0, 1, 1, 0}, 1, 32), Elements{0x1444ED84});
}

TEST(MetadataWord, DescribesOneHundredAndTwentyEightBitsOfValuesWithAnElement) {
    for (const ElementType type : {f16, bf16, tf32, s8, u8, s4, u4}) {
        EXPECT_EQ(groups_per_metadata_element(type) * sparse_pattern_of(type).kept * bits_of(type), 128U);
        EXPECT_EQ(metadata_elements_per_row(type, 128 / bits_of(type)), 1U);
        EXPECT_EQ(metadata_elements_per_row(type, 128 / bits_of(type) + 1), 2U);
    }
}

TEST(MetadataWord, FillsAnIncompleteElementWithALegalNibble) {
    EXPECT_EQ(pack_metadata(f16, Codes{2, 3}, 1, 2), Elements{0x444E});
    EXPECT_EQ(pack_metadata(s4, Codes{2, 3}, 1, 4), Elements{0x4444444E});
}

std::pair<ElementType, std::size_t> any_type_and_stored_k() {
    const ElementType type = *rc::gen::element(f16, bf16, tf32, s8, u8, s4, u4);
    return {type, sparse_pattern_of(type).kept * *rc::gen::inRange<std::size_t>(0, 40)};
}

RC_GTEST_PROP(MetadataWord, UnpackingInvertsPacking, ()) {
    const auto [type, stored_k] = any_type_and_stored_k();
    const SparsePattern pattern = sparse_pattern_of(type);
    const auto rows = *rc::gen::inRange<std::size_t>(0, 5);
    const auto codes =
        *rc::gen::container<Codes>(rows * stored_k / pattern.unit,
                                   rc::gen::inRange<std::uint8_t>(0, static_cast<std::uint8_t>(pattern.positions())));
    RC_ASSERT(unpack_metadata(type, pack_metadata(type, codes, rows, stored_k), rows, stored_k) == codes);
}

RC_GTEST_PROP(MetadataWord, TheFirstIllegalNibbleIsFoundWhereItIs, ()) {
    const auto [type, stored_k] = any_type_and_stored_k();
    RC_PRE(stored_k > 0);
    const std::size_t rows = 3;
    const std::size_t per_row = metadata_elements_per_row(type, stored_k);
    const std::size_t groups = stored_k / sparse_pattern_of(type).kept;
    Elements elements(rows * per_row, padding_metadata);
    const auto illegal = *rc::gen::inRange<std::size_t>(0, rows * groups);
    for (const std::size_t at : {illegal, *rc::gen::inRange<std::size_t>(illegal, rows * groups)}) {
        const std::size_t group = at % groups;
        const std::size_t per_element = groups_per_metadata_element(type);
        elements[at / groups * per_row + group / per_element] |= 0xFU << 4 * (group % per_element);
    }
    for (const CodeOrder order : {CodeOrder::any, CodeOrder::ascending}) {
        RC_ASSERT(find_illegal_nibble(type, elements, rows, stored_k, order) ==
                  (IllegalNibble{illegal / groups, illegal % groups, 0xF}));
    }
}

TEST(MetadataWord, DescendingCodesAreLegalOnlyWithoutOrder) {
    const Elements elements{0x4444, 0x1444};
    EXPECT_EQ(find_illegal_nibble(f16, elements, 2, 8, CodeOrder::any), std::nullopt);
    EXPECT_EQ(find_illegal_nibble(f16, elements, 2, 8, CodeOrder::ascending), (IllegalNibble{1, 3, 0x1}));
    EXPECT_EQ(find_illegal_nibble(f16, elements, 2, 6, CodeOrder::ascending), std::nullopt) << "padding";
}

}  // namespace
}  // namespace stcsim::testing
