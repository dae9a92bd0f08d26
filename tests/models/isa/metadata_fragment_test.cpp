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
    const auto selectors = [](const char* name) { return sparsity_selectors(mma_instruction_named(name)); };
    EXPECT_EQ(selectors("mma.sp.m16n8k16.f32.f16.f16.f32"), 4U);
    EXPECT_EQ(selectors("mma.sp.m16n8k32.f32.bf16.bf16.f32"), 2U);
    EXPECT_EQ(selectors("mma.sp.m16n8k8.f32.tf32.tf32.f32"), 4U);
    EXPECT_EQ(selectors("mma.sp.m16n8k16.f32.tf32.tf32.f32"), 2U);
    EXPECT_EQ(selectors("mma.sp.m16n8k32.s32.s8.u8.s32"), 2U);
    EXPECT_EQ(selectors("mma.sp.m16n8k64.s32.u8.u8.s32"), 1U);
    EXPECT_EQ(selectors("mma.sp.m16n8k64.s32.s4.s4.s32"), 2U);
    EXPECT_EQ(selectors("mma.sp.m16n8k128.s32.s4.u4.s32"), 1U);
    EXPECT_EQ(selectors("mma.m16n8k16.f32.f16.f16.f32"), 0U);
}

TEST(MetadataFragment, IsReadFromAsManyBitsAsItHasCodes) {
    for (const MmaInstruction& instruction : sparse_instructions()) {
        std::uint32_t lanes = 0;
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            lanes += supplies_metadata(instruction, 0, LaneIndex(lane)) ? 1 : 0;
        }
        EXPECT_EQ(2 * metadata_codes(instruction), 32 * lanes) << instruction.name();
    }
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

TEST(MetadataFragment, OfIntegersLiesInOneThreadPerRowAndElement) {
    // Quad 5 of s8 m16n8k64: thread 0 has groups 0-7 of row 5, thread 1 of row 13, threads 2 and 3 groups 8-15.
    const MmaInstruction& k64 = mma_instruction_named("mma.sp.m16n8k64.s32.s8.s8.s32");
    WarpRegister e = legal_metadata();
    e[4 * 5 + 1] = 0xE4444444;
    e[4 * 5 + 2] = 0x44444449;
    const auto codes = decode_metadata(k64, e, 0);
    const auto group = [&](std::size_t row, std::size_t g) {
        return std::pair<int, int>(codes[row * 32 + 2 * g], codes[row * 32 + 2 * g + 1]);
    };
    EXPECT_EQ(group(13, 7), std::pair(2, 3));
    EXPECT_EQ(group(5, 8), std::pair(1, 2));
    EXPECT_EQ(group(5, 7), std::pair(0, 1));
    // s8 m16n8k32 reads the first pair under selector 0 and the second under 1.
    const MmaInstruction& k32 = mma_instruction_named("mma.sp.m16n8k32.s32.s8.s8.s32");
    EXPECT_EQ(decode_metadata(k32, e, 0)[13 * 16 + 14], 2U);
    EXPECT_EQ(decode_metadata(k32, e, 1)[5 * 16 + 0], 1U);
}

TEST(MetadataFragment, OfFourBitIntegersHasOneCodePerPair) {
    const MmaInstruction& k128 = mma_instruction_named("mma.sp.m16n8k128.s32.s4.s4.s32");
    EXPECT_EQ(decode_metadata(k128, legal_metadata(), 0).size(), 16U * 32);
    WarpRegister e = legal_metadata();
    e[4 * 2 + 3] = 0x4444D444;  // group 8 + 3 of row 10: pairs 1 and 3
    const auto codes = decode_metadata(k128, e, 0);
    EXPECT_EQ(codes[10 * 32 + 22], 1U);
    EXPECT_EQ(codes[10 * 32 + 23], 3U);
}

TEST(MetadataFragment, OfTf32IsOneOfTwoNibbles) {
    const MmaInstruction& k16 = mma_instruction_named("mma.sp.m16n8k16.f32.tf32.tf32.f32");
    WarpRegister e = legal_metadata();
    e[1] = 0x4444444E;  // lane 1: row 0, second element, so group 4
    EXPECT_EQ(decode_metadata(k16, e, 0)[4], 1U);
    for (const std::uint32_t nibble : {0x4U, 0xEU}) {
        e[1] = 0x44444440 | nibble;
        EXPECT_EQ(find_metadata_violation(k16, e, 0, CodeOrder::any), std::nullopt);
    }
    for (std::uint32_t nibble = 0; nibble < 16; ++nibble) {
        if (nibble == 0x4 || nibble == 0xE) continue;
        e[1] = 0x44444440 | nibble;
        EXPECT_EQ(find_metadata_violation(k16, e, 0, CodeOrder::any), (MetadataViolation{0, 4, LaneIndex(1), nibble}));
    }
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

RC_GTEST_PROP(MetadataFragment, ReportsTheOneNibbleThatIsIllegalWhereverItIs, ()) {
    const MmaInstruction instruction = *rc::gen::elementOf(sparse_instructions());
    const std::uint32_t selector = *rc::gen::inRange(0U, sparsity_selectors(instruction));
    WarpRegister e = legal_metadata();
    const auto lane = *rc::gen::inRange(0U, warp_lanes);
    const std::uint32_t shift = 4 * *rc::gen::inRange(0U, 8U);
    const std::uint32_t nibble = *rc::gen::inRange(0U, 16U);
    e[lane] = (e[lane] & ~(0xFU << shift)) | nibble << shift;
    for (const CodeOrder order : {CodeOrder::any, CodeOrder::ascending}) {
        const auto violation = find_metadata_violation(instruction, e, selector, order);
        const bool read = supplies_metadata(instruction, selector, LaneIndex(lane));
        RC_ASSERT(violation.has_value() == (read && !is_legal_nibble(instruction.a, nibble, order)));
        if (!violation) continue;
        RC_ASSERT(violation->lane == LaneIndex(lane) && violation->nibble == nibble);
        // The position is that of the codes which the nibble is decoded to.
        const std::uint32_t per_group = sparse_pattern_of(instruction.a).codes();
        const std::size_t at =
            std::size_t{violation->row} * instruction.stored_k() / sparse_pattern_of(instruction.a).unit +
            violation->group * per_group;
        auto codes = decode_metadata(instruction, e, selector);
        codes[at] = 0;
        if (per_group == 2) codes[at + 1] = 1;
        WarpRegister repaired = e;
        encode_metadata(instruction, codes, selector, repaired);
        RC_ASSERT(repaired == legal_metadata());
    }
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
