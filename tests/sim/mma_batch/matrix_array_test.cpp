#include "mma_batch/matrix_array.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "array_files.h"

namespace stcsim {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using E = ElementType;
using N = NpyType;

MmaInstruction dense(MmaShape shape, ElementType input, ElementType accumulator) {
    return {shape, input, input, accumulator, accumulator, false};
}

const MmaInstruction half = dense({16, 8, 8}, E::f16, E::f32);
const MmaInstruction bits = dense({8, 8, 128}, E::b1, E::s32);

struct TypeCase {
    ElementType element;
    NpyType type;
    std::uint64_t stored;  ///< bits in the file
    ElementBits read;      ///< bits in the matrix
};

TEST(MatrixArray, TakesBitsOrValuesAsTheTypeNeeds) {
    const TemporaryFolder folder;
    for (const TypeCase& c : {TypeCase{E::f16, N::u2, 0x8001, 0x8001},
                              {E::f16, N::f2, 0x7E01, 0x7E01},
                              {E::f16, N::i2, 0x8001, 0x8001},
                              {E::bf16, N::u2, 0xFFC0, 0xFFC0},
                              {E::tf32, N::u4, 0x80001FFF, 0x80001FFF},
                              {E::tf32, N::f4, 1, 1},
                              {E::f32, N::i4, 0xFF800000, 0xFF800000},
                              {E::f64, N::f8, 0xFFF0000000000001, 0xFFF0000000000001},
                              {E::f64, N::u8, ~std::uint64_t{0}, ~std::uint64_t{0}},
                              {E::s32, N::i4, 0x80000000, 0x80000000},
                              {E::s8, N::i1, 0x80, 0x80},
                              {E::u8, N::u1, 0xFF, 0xFF},
                              {E::s8, N::u1, 0x80, 0x80},
                              {E::s4, N::i1, 0xF8, 0x8},
                              {E::s4, N::i1, 7, 7},
                              {E::u4, N::u1, 15, 15},
                              {E::u4, N::i1, 15, 15},
                              {E::b1, N::b1, 1, 1},
                              {E::b1, N::u1, 1, 1}}) {
        // As operand A of an 8 x k instruction that fills at least a register.
        const MmaInstruction instruction = dense({8, 8, 256 / bits_of(c.element) * 4}, c.element, E::f32);
        const std::size_t columns = instruction.shape.k;
        const auto file = write(folder, "a.npy", array_of(c.type, {1, 8, columns}, std::vector(8 * columns, c.stored)));
        MatrixArray array("--a", file, instruction, Operand::a);
        array.array().load(0, 1);
        const BitMatrix matrix = array.matrix(0);
        EXPECT_EQ(matrix.type, c.element);
        EXPECT_EQ(matrix.columns, columns);
        EXPECT_EQ(matrix.storage, std::vector(8 * columns, ElementBits{c.read}))
            << name_of(c.element) << descr_of(c.type);
    }
}

TEST(MatrixArray, KeepsRowsColumnsAndCasesApart) {
    const TemporaryFolder folder;
    std::vector<std::uint64_t> counting(std::size_t{3} * 8 * 8);
    for (std::size_t i = 0; i < counting.size(); ++i) counting[i] = i;
    MatrixArray array("--b", write(folder, "b.npy", array_of(NpyType::u2, {3, 8, 8}, counting)), half, Operand::b);
    array.array().load(1, 2);
    EXPECT_EQ(array.array().cases(), 3U);
    EXPECT_EQ(array.matrix(1).at(2, 5), 64U + 16 + 5);
    EXPECT_EQ(array.matrix(2).at(0, 0), 128U);
}

TEST(MatrixArray, ReadsBitsInWordsAlongKAsTheSameMatrix) {
    const TemporaryFolder folder;
    std::mt19937_64 random(1);
    for (const Operand operand : {Operand::a, Operand::b}) {
        const bool is_a = operand == Operand::a;
        const auto words = random_bits(8 * 4, 32, random);
        std::vector<std::uint64_t> single(8 * 128);
        for (std::size_t other = 0; other < 8; ++other) {
            for (std::size_t k = 0; k < 128; ++k) {
                const std::uint64_t word = is_a ? words[other * 4 + k / 32] : words[k / 32 * 8 + other];
                single[is_a ? other * 128 + k : k * 8 + other] = word >> (k % 32) & 1U;
            }
        }
        const auto shape = [&](std::size_t k) {
            return is_a ? std::vector<std::size_t>{1, 8, k} : std::vector<std::size_t>{1, k, 8};
        };
        MatrixArray packed("--x", write(folder, "p.npy", array_of(NpyType::u4, shape(4), words)), bits, operand);
        MatrixArray plain("--x", write(folder, "s.npy", array_of(NpyType::u1, shape(128), single)), bits, operand);
        packed.array().load(0, 1);
        plain.array().load(0, 1);
        EXPECT_EQ(packed.matrix(0), plain.matrix(0));
        EXPECT_EQ(plain.matrix(0).storage, std::vector<ElementBits>(single.begin(), single.end()));
    }
}

TEST(MatrixArray, RefusesOtherTypesAndShapes) {
    const TemporaryFolder folder;
    const auto opening = [&](NpyType type, const std::vector<std::size_t>& shape, const MmaInstruction& instruction,
                             Operand operand) {
        const auto file = write(folder, "x.npy", NpyArray(type, shape));
        return message_of([&] { const MatrixArray array("--x", file, instruction, operand); });
    };
    const MmaInstruction brain = dense({16, 8, 8}, E::bf16, E::f32);
    EXPECT_EQ(opening(N::f4, {1, 16, 8}, half, Operand::a),
              "--x " + folder.file("x.npy") + ": found elements of type float32, expected uint16 or float16 or int16");
    EXPECT_THAT(opening(N::f2, {1, 16, 8}, brain, Operand::a), EndsWith("type float16, expected uint16 or int16"));
    EXPECT_THAT(opening(N::u1, {1, 16, 32}, dense({16, 8, 32}, E::s4, E::s32), Operand::a),
                EndsWith("uint8, expected int8"));
    EXPECT_THAT(opening(N::u2, {1, 16, 8}, half, Operand::c), EndsWith("expected uint32 or float32 or int32"));
    EXPECT_THAT(opening(N::u2, {1, 16, 16}, half, Operand::a),
                EndsWith("the shape (1, 16, 16), expected (cases, 16, 8)"));
    EXPECT_THAT(opening(N::u2, {16, 8}, half, Operand::a), EndsWith("the shape (16, 8), expected (cases, 16, 8)"));
    EXPECT_THAT(opening(N::u2, {}, half, Operand::a), EndsWith("the shape (), expected (cases, 16, 8)"));
    EXPECT_THAT(opening(N::u2, {1, 1, 16, 8}, half, Operand::a), HasSubstr("the shape (1, 1, 16, 8)"));
    EXPECT_THAT(opening(N::u2, {1, 16, 8}, half, Operand::b), EndsWith("expected (cases, 8, 8)"));
    EXPECT_THAT(opening(N::u4, {1, 8, 128}, bits, Operand::a),
                EndsWith("the shape (1, 8, 128), expected (cases, 8, 4)"));
    EXPECT_THAT(opening(N::u1, {1, 4, 8}, bits, Operand::b), EndsWith("the shape (1, 4, 8), expected (cases, 128, 8)"));
}

TEST(MatrixArray, RefusesValuesOutsideTheTypeWithTheirIndex) {
    const TemporaryFolder folder;
    const auto reading = [&](NpyType type, ElementType element, std::uint64_t value) {
        const MmaInstruction instruction = dense({8, 8, 128}, element, E::s32);
        NpyArray array(type, {2, 8, 128});
        array.set_bits(std::size_t{8} * 128 + 3 * 128 + 7, {{value}});
        MatrixArray opened("--a", write(folder, "a.npy", array), instruction, Operand::a);
        opened.array().load(0, 2);
        (void)opened.matrix(0);
        return message_of([&] { (void)opened.matrix(1); });
    };
    const std::string file = "--a " + folder.file("a.npy");
    EXPECT_EQ(reading(N::i1, E::s4, 8), file + ": found 8 at [1,3,7], expected -8 to 7, the values of s4");
    EXPECT_EQ(reading(N::i1, E::s4, 0xF7), file + ": found -9 at [1,3,7], expected -8 to 7, the values of s4");
    EXPECT_EQ(reading(N::u1, E::u4, 16), file + ": found 16 at [1,3,7], expected 0 to 15, the values of u4");
    EXPECT_EQ(reading(N::i1, E::u4, 0xFF), file + ": found -1 at [1,3,7], expected 0 to 15, the values of u4");
    EXPECT_EQ(reading(N::u1, E::b1, 2), file + ": found 2 at [1,3,7], expected 0 to 1, the values of b1");
}

}  // namespace
}  // namespace stcsim
