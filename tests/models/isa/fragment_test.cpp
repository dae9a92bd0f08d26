#include "isa/fragment.h"

#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "instruction_generator.h"

namespace stcsim::testing {
namespace {

constexpr std::array operands{Operand::a, Operand::b, Operand::c, Operand::d};

TEST(Fragment, HoldsEveryElementExactlyOnce) {
    for (const MmaInstruction& instruction : all_instructions()) {
        for (const Operand operand : operands) {
            const OperandShape shape = operand_shape(instruction, operand);
            std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
            for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
                for (std::uint32_t r = 0; r < shape.registers(); ++r) {
                    for (std::uint32_t slot = 0; slot < shape.elements_per_register(); ++slot) {
                        const FragmentLocation location{LaneIndex(lane), r, slot};
                        const MatrixCoordinate at = coordinate_of(instruction, operand, location);
                        EXPECT_LT(at.row, shape.rows);
                        EXPECT_LT(at.column, shape.columns);
                        EXPECT_EQ(location_of(instruction, operand, at), location) << instruction.name();
                        seen.emplace(at.row, at.column);
                    }
                }
            }
            EXPECT_EQ(seen.size(), std::size_t{shape.rows} * shape.columns) << instruction.name();
        }
    }
}

TEST(Fragment, HasAsManyRegistersAsTheInstruction) {
    for (const MmaInstruction& instruction : all_instructions()) {
        EXPECT_EQ(operand_shape(instruction, Operand::a).registers(), instruction.a_registers());
        EXPECT_EQ(operand_shape(instruction, Operand::b).registers(), instruction.b_registers());
        EXPECT_EQ(operand_shape(instruction, Operand::c).registers(), instruction.c_registers());
        EXPECT_EQ(operand_shape(instruction, Operand::d).registers(), instruction.d_registers());
    }
}

TEST(Fragment, LiesWhereThePtxIsaPutsIt) {
    // Lane 13: groupID 3, threadID_in_group 1. Formulas of the PTX ISA for mma.m16n8k16 with f16 and for its f32 C.
    const MmaInstruction& k16 = mma_instruction_named("mma.m16n8k16.f32.f16.f16.f32");
    const LaneIndex lane(13);
    EXPECT_EQ(coordinate_of(k16, Operand::a, {lane, 0, 1}), (MatrixCoordinate{3, 3}));    // a1
    EXPECT_EQ(coordinate_of(k16, Operand::a, {lane, 1, 0}), (MatrixCoordinate{11, 2}));   // a2
    EXPECT_EQ(coordinate_of(k16, Operand::a, {lane, 2, 0}), (MatrixCoordinate{3, 10}));   // a4
    EXPECT_EQ(coordinate_of(k16, Operand::a, {lane, 3, 1}), (MatrixCoordinate{11, 11}));  // a7
    EXPECT_EQ(coordinate_of(k16, Operand::b, {lane, 0, 1}), (MatrixCoordinate{3, 3}));    // b1
    EXPECT_EQ(coordinate_of(k16, Operand::b, {lane, 1, 0}), (MatrixCoordinate{10, 3}));   // b2
    EXPECT_EQ(coordinate_of(k16, Operand::c, {lane, 1, 0}), (MatrixCoordinate{3, 3}));    // c1
    EXPECT_EQ(coordinate_of(k16, Operand::d, {lane, 2, 0}), (MatrixCoordinate{11, 2}));   // d2
    const MmaInstruction& f16_sums = mma_instruction_named("mma.m16n8k8.f16.f16.f16.f16");
    EXPECT_EQ(coordinate_of(f16_sums, Operand::c, {lane, 0, 1}), (MatrixCoordinate{3, 3}));
    EXPECT_EQ(coordinate_of(f16_sums, Operand::c, {lane, 1, 0}), (MatrixCoordinate{11, 2}));
    // mma.sp.m16n8k32: A is stored 16 wide, B has all 32 rows.
    const MmaInstruction& sparse = mma_instruction_named("mma.sp.m16n8k32.f32.f16.f16.f32");
    EXPECT_EQ(coordinate_of(sparse, Operand::a, {lane, 3, 1}), (MatrixCoordinate{11, 11}));
    EXPECT_EQ(coordinate_of(sparse, Operand::b, {lane, 3, 1}), (MatrixCoordinate{27, 3}));
}

TEST(Fragment, RefusesWhatIsOutside) {
    const MmaInstruction& k8 = mma_instruction_named("mma.m16n8k8.f32.f16.f16.f32");
    EXPECT_THROW(coordinate_of(k8, Operand::a, {LaneIndex(32), 0, 0}), InvariantError);
    EXPECT_THROW(coordinate_of(k8, Operand::a, {LaneIndex(0), 2, 0}), InvariantError);
    EXPECT_THROW(location_of(k8, Operand::b, {8, 0}), InvariantError);
    EXPECT_THROW(assemble_fragment(k8, Operand::a, std::vector<WarpRegister>(3)), InvariantError);
    EXPECT_THROW(distribute_fragment(k8, Operand::a, BitMatrix(8, 8, ElementType::f16)), InvariantError);
}

RC_GTEST_PROP(Fragment, AssemblesWhatWasDistributed, ()) {
    const MmaInstruction instruction = *rc::gen::elementOf(all_instructions());
    const Operand operand = *rc::gen::elementOf(operands);
    const OperandShape shape = operand_shape(instruction, operand);
    BitMatrix matrix(shape.rows, shape.columns, shape.type);
    for (ElementBits& bits : matrix.storage) bits = *rc::gen::inRange(0U, 0xFFFFU);
    const auto registers = distribute_fragment(instruction, operand, matrix);
    RC_ASSERT(assemble_fragment(instruction, operand, registers) == matrix);

    const MatrixCoordinate at{*rc::gen::inRange(0U, shape.rows), *rc::gen::inRange(0U, shape.columns)};
    const FragmentLocation location = location_of(instruction, operand, at);
    const std::uint32_t word = registers[location.register_number][location.lane.value()];
    const std::uint32_t mask = 0xFFFFFFFFU >> (32 - bits_of(shape.type));
    RC_ASSERT((word >> (bits_of(shape.type) * location.slot) & mask) == matrix.at(at.row, at.column));
}

}  // namespace
}  // namespace stcsim::testing
