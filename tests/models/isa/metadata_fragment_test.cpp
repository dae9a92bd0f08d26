#include "isa/metadata_fragment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "instruction_generator.h"

namespace stcsim::testing {
namespace {

const MmaInstruction& sparse_k16() {
    return mma_instruction_named("mma.sp.m16n8k16.f32.f16.f16.f32");
}
const MmaInstruction& sparse_k32() {
    return mma_instruction_named("mma.sp.m16n8k32.f32.f16.f16.f32");
}

/// A register whose nibbles all say positions 0 and 1.
WarpRegister legal_metadata() {
    WarpRegister e;
    e.fill(0x44444444);
    return e;
}

TEST(MetadataFragment, HasTheSelectorsOfThePtxIsa) {
    EXPECT_EQ(sparsity_selectors(sparse_k16()), 4U);
    EXPECT_EQ(sparsity_selectors(sparse_k32()), 2U);
    EXPECT_EQ(sparsity_selectors(sparse_tf32_k8), 4U);
    EXPECT_EQ(sparsity_selectors(sparse_tf32_k16), 2U);
    EXPECT_EQ(sparsity_selectors(mma_instruction_named("mma.m16n8k16.f32.f16.f16.f32")), 0U);
}

TEST(MetadataFragment, ReadsOneLaneOrAPairOfEachQuad) {
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        EXPECT_EQ(supplies_metadata(sparse_k16(), 2, LaneIndex(lane)), lane % 4 == 2);
        EXPECT_EQ(supplies_metadata(sparse_k32(), 0, LaneIndex(lane)), lane % 4 < 2);
        EXPECT_EQ(supplies_metadata(sparse_k32(), 1, LaneIndex(lane)), lane % 4 >= 2);
    }
}

TEST(MetadataFragment, TakesTheHighHalfForTheRowEightBelow) {
    WarpRegister e = legal_metadata();
    e[4 * 3 + 2] = 0xE4444448;  // quad 3, thread 2: group 0 of row 3 and group 3 of row 11
    const auto codes = decode_metadata(sparse_k16(), e, 2);
    EXPECT_EQ(codes[3 * 8 + 0], 0U);
    EXPECT_EQ(codes[3 * 8 + 1], 2U);
    EXPECT_EQ(codes[11 * 8 + 6], 2U);
    EXPECT_EQ(codes[11 * 8 + 7], 3U);
    EXPECT_EQ(decode_metadata(sparse_k16(), e, 1), decode_metadata(sparse_k16(), legal_metadata(), 1));
}

TEST(MetadataFragment, TakesTheSecondWordFromTheUpperLaneOfThePair) {
    WarpRegister e = legal_metadata();
    e[4 * 5 + 3] = 0x4444444E;  // quad 5, thread 3: group 4 of row 5 under selector 1
    const auto codes = decode_metadata(sparse_k32(), e, 1);
    EXPECT_EQ(codes[5 * 16 + 8], 2U);
    EXPECT_EQ(codes[5 * 16 + 9], 3U);
}

TEST(MetadataFragment, ReportsRowAndGroupOfIllegalCodes) {
    WarpRegister e = legal_metadata();
    EXPECT_EQ(find_metadata_violation(sparse_k32(), e, 0, CodeOrder::ascending), std::nullopt);
    e[4 * 6 + 1] = 0x44404444;  // equal codes in row 14, second word, its first group: group 4 of the row
    EXPECT_EQ(find_metadata_violation(sparse_k32(), e, 0, CodeOrder::any),
              (MetadataViolation{14, 4, LaneIndex(25), 0}));
    EXPECT_EQ(find_metadata_violation(sparse_k32(), e, 1, CodeOrder::any), std::nullopt);
}

TEST(MetadataFragment, DescendingCodesAreLegalOnlyWithoutOrder) {
    WarpRegister e = legal_metadata();
    e[0] = 0x44444441;
    EXPECT_EQ(find_metadata_violation(sparse_k16(), e, 0, CodeOrder::any), std::nullopt);
    EXPECT_EQ(find_metadata_violation(sparse_k16(), e, 0, CodeOrder::ascending),
              (MetadataViolation{0, 0, LaneIndex(0), 1}));
}

TEST(MetadataFragment, RefusesSelectorsOutOfRangeAndDenseInstructions) {
    WarpRegister e{};
    EXPECT_THROW(decode_metadata(sparse_k32(), e, 2), InputError);
    EXPECT_THROW(decode_metadata(mma_instruction_named("mma.m16n8k16.f32.f16.f16.f32"), e, 0), InputError);
    EXPECT_THROW(encode_metadata(sparse_k16(), std::vector<std::uint8_t>(128), 4, e), InputError);
}

RC_GTEST_PROP(MetadataFragment, DecodesWhatWasEncodedForEverySelector, ()) {
    const MmaInstruction instruction = *rc::gen::elementOf(sparse_instructions());
    const std::size_t count = std::size_t{instruction.shape.m} * instruction.stored_k();
    WarpRegister e;
    for (std::uint32_t& word : e) word = *rc::gen::arbitrary<std::uint32_t>();
    std::vector<std::vector<std::uint8_t>> codes;
    // All selectors share one register and do not disturb each other.
    for (std::uint32_t s = 0; s < sparsity_selectors(instruction); ++s) {
        codes.push_back(any_codes(instruction.a, count));
        encode_metadata(instruction, codes.back(), s, e);
    }
    for (std::uint32_t s = 0; s < codes.size(); ++s) RC_ASSERT(decode_metadata(instruction, e, s) == codes[s]);
}

RC_GTEST_PROP(MetadataFragment, WritesOnlyTheLanesThatSupplyIt, ()) {
    const MmaInstruction instruction = *rc::gen::elementOf(sparse_instructions());
    const std::uint32_t selector = *rc::gen::inRange(0U, sparsity_selectors(instruction));
    WarpRegister e;
    e.fill(0x12345678);
    encode_metadata(instruction, any_codes(instruction.a, std::size_t{16} * instruction.stored_k()), selector, e);
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        if (!supplies_metadata(instruction, selector, LaneIndex(lane))) RC_ASSERT(e[lane] == 0x12345678U);
    }
}

}  // namespace
}  // namespace stcsim::testing
