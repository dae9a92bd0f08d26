#include "mma_batch/sparse_arrays.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "array_files.h"
#include "isa/metadata_fragment.h"

namespace stcsim {
namespace {

using testing::EndsWith;
using enum ElementType;

MmaInstruction sparse(MmaShape shape, ElementType input, CodeOrder order = CodeOrder::any) {
    return {.shape = shape, .a = input, .b = input, .c = f32, .d = f32, .sparse = true, .metadata_order = order};
}

const MmaInstruction half = sparse({16, 8, 32}, f16);
const MmaInstruction ordered_half = sparse({16, 8, 32}, f16, CodeOrder::ascending);
const MmaInstruction nibble = sparse({16, 8, 64}, s4);
const MmaInstruction tensor_float = sparse({16, 8, 16}, tf32);

/// Positions that are all legal: the first ones of every group.
std::vector<std::uint64_t> first_positions(const MmaInstruction& instruction, std::size_t cases) {
    const std::uint32_t kept = sparse_pattern_of(instruction.a).kept;
    std::vector<std::uint64_t> positions(cases * instruction.shape.m * instruction.stored_k());
    for (std::size_t i = 0; i < positions.size(); ++i) positions[i] = i % kept;
    return positions;
}

TEST(PositionArray, GivesCodesFromPositionsOfAnyIntegerType) {
    using enum NpyType;
    const TemporaryFolder folder;
    std::mt19937_64 random(1);
    for (const MmaInstruction& instruction : {half, ordered_half, nibble, tensor_float}) {
        for (const NpyType type : {u1, i1, u2, i2, u4, i4, u8, i8}) {
            const std::vector<std::uint8_t> codes = random_codes(instruction, random);
            const auto file = write(
                folder, "i.npy",
                array_of(type, {1, instruction.shape.m, instruction.stored_k()}, positions_of(instruction, codes)));
            PositionArray array("--index", file, instruction);
            array.array().load(0, 1);
            EXPECT_EQ(array.codes(0), codes) << name_of(instruction.a) << ' ' << descr_of(type);
        }
    }
}

/// The message about positions in case 1, of which those from [1,3,4] on are replaced.
std::string reading(const MmaInstruction& instruction, const std::vector<std::uint64_t>& replacements,
                    NpyType type = NpyType::u1) {
    const TemporaryFolder folder;
    NpyArray array = array_of(type, {2, instruction.shape.m, instruction.stored_k()}, first_positions(instruction, 2));
    array.set_bits(instruction.stored_k() * std::size_t{16 + 3} + 4, replacements);
    PositionArray opened("--index", write(folder, "i.npy", array), instruction);
    opened.array().load(0, 2);
    (void)opened.codes(0);
    const std::string message = message_of([&] { (void)opened.codes(1); });
    const std::string file = "--index " + folder.file("i.npy") + ": ";
    return message.starts_with(file) ? message.substr(file.size()) : message;
}

TEST(PositionArray, RefusesIllegalPositionsWithTheirIndex) {
    EXPECT_EQ(reading(half, {4}), "found position 4 at [1,3,4], expected 0 to 3 in a group of 4");
    EXPECT_EQ(reading(half, {0, 0xFF}, NpyType::i1), "found position -1 at [1,3,5], expected 0 to 3 in a group of 4");
    EXPECT_EQ(reading(tensor_float, {2}), "found position 2 at [1,3,4], expected 0 to 1 in a group of 2");
    EXPECT_EQ(reading(half, {2, 2}),
              "found both values of a group at position 2 at [1,3,4], expected two different positions");
    EXPECT_EQ(reading(half, {2, 1}), "nothing");
    EXPECT_EQ(reading(ordered_half, {2, 1}),
              "found values of a group at positions 2, 1 at [1,3,4], expected ascending positions, as " +
                  ordered_half.name() + " wants them");
    EXPECT_EQ(reading(ordered_half, {1, 3}), "nothing");
}

TEST(PositionArray, RefusesPairsThatAreNone) {
    const std::string expected = " of a pair at [1,3,4], expected neighbours 2 p and 2 p + 1, which s4 keeps together";
    EXPECT_EQ(reading(nibble, {1, 2}), "found positions 1 and 2" + expected);
    EXPECT_EQ(reading(nibble, {2, 2}), "found positions 2 and 2" + expected);
    EXPECT_EQ(reading(nibble, {3, 2}), "found positions 3 and 2" + expected);
    EXPECT_EQ(reading(nibble, {2, 8}), "found position 8 at [1,3,5], expected 0 to 7 in a group of 8");
    EXPECT_EQ(reading(nibble, {6, 7, 6, 7}),
              "found both pairs of a group at position 6 at [1,3,4], expected two different positions");
    EXPECT_EQ(reading(nibble, {6, 7, 0, 1}), "nothing");
}

TEST(PositionArray, RefusesOtherTypesAndShapes) {
    const TemporaryFolder folder;
    const auto opening = [&](NpyType type, const std::vector<std::size_t>& shape) {
        const auto file = write(folder, "i.npy", NpyArray(type, shape));
        return message_of([&] { const PositionArray array("--index", file, half); });
    };
    EXPECT_THAT(opening(NpyType::f4, {1, 16, 16}),
                testing::HasSubstr("elements of type float32, expected uint8 or int8"));
    EXPECT_THAT(opening(NpyType::u1, {1, 16, 8}), EndsWith("the shape (1, 16, 8), expected (cases, 16, 16)"));
}

TEST(MetadataArray, GivesTheCodesOfTheWordsForEverySelector) {
    const TemporaryFolder folder;
    std::mt19937_64 random(1);
    for (const MmaInstruction& instruction : mma_instructions()) {
        for (std::uint32_t selector = 0; instruction.sparse && selector < sparsity_selectors(instruction); ++selector) {
            const std::vector<std::uint8_t> codes = random_codes(instruction, random);
            WarpRegister e{};
            encode_metadata(instruction, codes, selector, e);
            const auto file = write(folder, "e.npy", array_of(NpyType::u4, {1, 32}, {e.begin(), e.end()}));
            MetadataArray array("--meta", file, instruction, selector);
            array.array().load(0, 1);
            EXPECT_EQ(array.codes(0), codes) << instruction.name() << ' ' << selector;
            EXPECT_EQ(array.words(0), e);
        }
    }
}

TEST(MetadataArray, RefusesIllegalWordsWithRowGroupAndLane) {
    const TemporaryFolder folder;
    const auto reading_words = [&](const MmaInstruction& instruction, std::uint32_t all_words) {
        const auto file =
            write(folder, "e.npy", array_of(NpyType::u4, {1, 32}, std::vector<std::uint64_t>(32, all_words)));
        MetadataArray array("--meta", file, instruction, 0);
        array.array().load(0, 1);
        const std::string message = message_of([&] { (void)array.codes(0); });
        return message.substr(message.find(".npy: ") + 6);
    };
    EXPECT_EQ(reading_words(half, 0x44444454),
              "found the bits 0x5 for row 0, group 1 at [0,0], expected two different 2-bit codes");
    EXPECT_EQ(reading_words(ordered_half, 0x11444444),
              "found the bits 0x1 for row 8, group 2 at [0,0], expected two different, ascending 2-bit codes");
    EXPECT_EQ(reading_words(tensor_float, 0x44444448),
              "found the bits 0x8 for row 0, group 0 at [0,0], expected 0x4 or 0xE");
    WarpRegister legal{};
    legal.fill(0x11444444);
    EXPECT_EQ(find_metadata_violation(half, legal, 0, CodeOrder::any), std::nullopt);
}

TEST(MetadataArray, RefusesOtherTypesShapesAndSelectors) {
    const TemporaryFolder folder;
    const auto opening = [&](NpyType type, const std::vector<std::size_t>& shape, std::uint32_t selector) {
        const auto file = write(folder, "e.npy", NpyArray(type, shape));
        return message_of([&] { const MetadataArray array("--meta", file, half, selector); });
    };
    EXPECT_THAT(opening(NpyType::u2, {1, 32}, 0), EndsWith("elements of type uint16, expected uint32 or int32"));
    EXPECT_THAT(opening(NpyType::u4, {1, 16}, 0), EndsWith("the shape (1, 16), expected (cases, 32)"));
    EXPECT_EQ(opening(NpyType::u4, {1, 32}, 2), "found sparsity selector 2, expected 0 to 1 for " + half.name());
}

}  // namespace
}  // namespace stcsim
