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
            std::size_t locations = 0;
            for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
                for (std::uint32_t r = 0; r < shape.registers(); r += shape.registers_per_element()) {
                    for (std::uint32_t slot = 0; slot < shape.elements_per_register(); ++slot) {
                        const FragmentLocation location{LaneIndex(lane), r, slot};
                        const MatrixCoordinate at = coordinate_of(instruction, operand, location);
                        EXPECT_LT(at.row, shape.rows);
                        EXPECT_LT(at.column, shape.columns);
                        EXPECT_EQ(location_of(instruction, operand, at), location) << instruction.name();
                        seen.emplace(at.row, at.column);
                        ++locations;
                    }
                }
            }
            EXPECT_EQ(seen.size(), std::size_t{shape.rows} * shape.columns) << instruction.name();
            EXPECT_EQ(locations, seen.size()) << instruction.name();
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

/// Where lane 13 (g = 3, t = 1) has an element of A, B or C.
struct KnownPlace {
    const char* instruction;
    Operand operand;
    std::uint32_t register_number, slot;
    MatrixCoordinate at;
};

TEST(Fragment, OfEveryWidthLiesWhereThePtxIsaPutsIt) {
    // Formulas of the PTX ISA for the matrix fragments of each shape, evaluated for lane 13.
    constexpr Operand a = Operand::a;
    constexpr Operand b = Operand::b;
    constexpr Operand c = Operand::c;
    for (const KnownPlace& known : {KnownPlace{"mma.m16n8k4.f32.tf32.tf32.f32", a, 1, 0, {11, 1}},
                                    KnownPlace{"mma.m16n8k8.f32.tf32.tf32.f32", a, 2, 0, {3, 5}},
                                    KnownPlace{"mma.m16n8k8.f32.tf32.tf32.f32", b, 1, 0, {5, 3}},
                                    KnownPlace{"mma.m8n8k4.f64.f64.f64.f64", a, 0, 0, {3, 1}},
                                    KnownPlace{"mma.m8n8k4.f64.f64.f64.f64", b, 0, 0, {1, 3}},
                                    KnownPlace{"mma.m8n8k4.f64.f64.f64.f64", c, 2, 0, {3, 3}},
                                    KnownPlace{"mma.m8n8k16.s32.s8.s8.s32", a, 0, 3, {3, 7}},
                                    KnownPlace{"mma.m8n8k16.s32.s8.s8.s32", b, 0, 2, {6, 3}},
                                    KnownPlace{"mma.m8n8k16.s32.s8.s8.s32", c, 1, 0, {3, 3}},
                                    KnownPlace{"mma.m16n8k16.s32.s8.s8.s32", a, 1, 1, {11, 5}},
                                    KnownPlace{"mma.m16n8k32.s32.s8.s8.s32", a, 2, 1, {3, 21}},
                                    KnownPlace{"mma.m16n8k32.s32.s8.s8.s32", b, 1, 3, {23, 3}},
                                    KnownPlace{"mma.m16n8k32.s32.s8.s8.s32", c, 3, 0, {11, 3}},
                                    KnownPlace{"mma.m8n8k32.s32.s4.s4.s32", a, 0, 7, {3, 15}},
                                    KnownPlace{"mma.m16n8k64.s32.s4.s4.s32", a, 3, 2, {11, 42}},
                                    KnownPlace{"mma.m16n8k64.s32.s4.s4.s32", b, 1, 0, {40, 3}},
                                    KnownPlace{"mma.m8n8k128.s32.b1.b1.s32.xor.popc", a, 0, 31, {3, 63}},
                                    KnownPlace{"mma.m16n8k256.s32.b1.b1.s32.xor.popc", a, 2, 5, {3, 165}},
                                    KnownPlace{"mma.m16n8k256.s32.b1.b1.s32.xor.popc", b, 1, 31, {191, 3}},
                                    KnownPlace{"mma.sp.m16n8k64.s32.s8.s8.s32", a, 3, 1, {11, 21}},
                                    KnownPlace{"mma.sp.m16n8k64.s32.s8.s8.s32", b, 3, 0, {52, 3}}}) {
        const MmaInstruction& instruction = mma_instruction_named(known.instruction);
        EXPECT_EQ(coordinate_of(instruction, known.operand, {LaneIndex(13), known.register_number, known.slot}),
                  known.at)
            << known.instruction;
    }
}

TEST(Fragment, KeepsTheLowWordOfAnF64InTheFirstOfTwoRegisters) {
    const MmaInstruction& f64 = mma_instruction_named("mma.m8n8k4.f64.f64.f64.f64");
    BitMatrix c(8, 8, ElementType::f64);
    c.at(3, 3) = 0x0123456789ABCDEF;
    const auto registers = distribute_fragment(f64, Operand::c, c);
    EXPECT_EQ(registers[2][13], 0x89ABCDEFU);
    EXPECT_EQ(registers[3][13], 0x01234567U);
    const LaneIndex lane(13);
    EXPECT_EQ(coordinate_of(f64, Operand::c, {lane, 3, 0}), coordinate_of(f64, Operand::c, {lane, 2, 0}));
    EXPECT_EQ(location_of(f64, Operand::c, {3, 3}), (FragmentLocation{lane, 2, 0}));
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
    const ElementBits mask = ~ElementBits{0} >> (64 - bits_of(shape.type));
    for (ElementBits& bits : matrix.storage) bits = *rc::gen::arbitrary<std::uint64_t>() & mask;
    const auto registers = distribute_fragment(instruction, operand, matrix);
    RC_ASSERT(assemble_fragment(instruction, operand, registers) == matrix);

    const MatrixCoordinate at{*rc::gen::inRange(0U, shape.rows), *rc::gen::inRange(0U, shape.columns)};
    const FragmentLocation location = location_of(instruction, operand, at);
    ElementBits found = 0;
    for (std::uint32_t r = shape.registers_per_element(); r-- > 0;) {
        found = found << 32U | registers[location.register_number + r][location.lane.value()];
    }
    RC_ASSERT((found >> (bits_of(shape.type) * location.slot) & mask) == matrix.at(at.row, at.column));
}

}  // namespace
}  // namespace stcsim::testing
