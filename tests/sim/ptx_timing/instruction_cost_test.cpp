/// What arithmetic instructions cost.

#include "ptx_timing/instruction_cost.h"

#include <string>

#include <gtest/gtest.h>

#include "kernel_fixture.h"
#include "ptx_timing/machine_program.h"

namespace stcsim {
namespace {

InstructionCost cost_of_line(const std::string& line) {
    const TestKernel kernel(line);
    constexpr std::size_t introduction = 4;  // what every test kernel begins with
    return cost_of(kernel.decoded().instructions()[introduction]);
}

TEST(InstructionCost, OfThirtyTwoBitIntegersIsOneInstruction) {
    EXPECT_EQ(cost_of_line("add.s32 %r10, %r1, %r3;").machine_instructions, 1U);
    EXPECT_EQ(cost_of_line("add.s32 %r10, %r1, %r3;").unit, ArithmeticUnit::integer);
    EXPECT_EQ(cost_of_line("mad.lo.s32 %r10, %r1, %r3, %r1;").unit, ArithmeticUnit::float32);
    EXPECT_EQ(cost_of_line("mul.wide.s32 %d10, %r1, %r3;").machine_instructions, 1U);
}

TEST(InstructionCost, OfSixtyFourBitIntegersIsMore) {
    EXPECT_EQ(cost_of_line("add.s64 %d10, %d1, %d2;").machine_instructions, 2U);
    EXPECT_EQ(cost_of_line("mul.lo.s64 %d10, %d1, %d2;").machine_instructions, 4U);
}

TEST(InstructionCost, OfADivisionIsThatOfItsSequence) {
    EXPECT_GT(cost_of_line("div.s32 %r10, %r1, %r3;").machine_instructions, 10U);
    EXPECT_GT(cost_of_line("div.rn.f32 %f10, %f1, %f3;").machine_instructions, 8U);
}

TEST(InstructionCost, OfConversionsBetweenAddressSpacesIsNothing) {
    EXPECT_EQ(cost_of_line("cvta.to.global.u64 %d10, %d1;").machine_instructions, 0U);
}

TEST(InstructionCost, OfConversionsBetweenIntegersIsThatOfTheExtension) {
    EXPECT_EQ(cost_of_line("cvt.u32.u64 %r10, %d1;").machine_instructions, 0U);
    EXPECT_EQ(cost_of_line("cvt.u16.u32 %h10, %r1;").machine_instructions, 0U);
    EXPECT_EQ(cost_of_line("cvt.s64.s32 %d10, %r1;").machine_instructions, 1U);
    EXPECT_EQ(cost_of_line("cvt.s64.s32 %d10, %r1;").unit, ArithmeticUnit::integer);
    EXPECT_EQ(cost_of_line("cvt.sat.s16.s32 %h10, %r1;").unit, ArithmeticUnit::conversion);
}

TEST(InstructionCost, GoesToTheUnitOfItsType) {
    EXPECT_EQ(cost_of_line("fma.rn.f32 %f10, %f1, %f2, %f3;").unit, ArithmeticUnit::float32);
    EXPECT_EQ(cost_of_line("fma.rn.f64 %e10, %e1, %e2, %e3;").unit, ArithmeticUnit::float64);
    EXPECT_EQ(cost_of_line("add.f16x2 %r10, %r1, %r3;").unit, ArithmeticUnit::half);
    EXPECT_EQ(cost_of_line("cvt.rn.f32.s32 %f10, %r1;").unit, ArithmeticUnit::conversion);
    EXPECT_EQ(cost_of_line("ex2.approx.ftz.f32 %f10, %f1;").unit, ArithmeticUnit::special);
    EXPECT_EQ(cost_of_line("shfl.sync.bfly.b32 %r10, %r1, 1, 31, -1;").unit, ArithmeticUnit::exchange);
}

}  // namespace
}  // namespace stcsim
