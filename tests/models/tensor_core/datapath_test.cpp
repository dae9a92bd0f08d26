/// The tensor core's schedule follows from shapes and rates.

#include "tensor_core/datapath.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "a100.h"

namespace stcsim::testing {
namespace {

const MmaInstruction& any_instruction() {
    return mma_instructions()[*rc::gen::inRange<std::size_t>(0, mma_instructions().size())];
}

TEST(ArraySchedule, KeepsEveryMultiplierOfTheA100BusyInEveryStep) {
    const DotProductArrayParameters array = a100().sm.tensor_core.dot_product_array;
    for (const MmaInstruction& instruction : mma_instructions()) {
        const std::uint32_t multipliers = array.rows * array.columns * array.unit_bits / bits_of(instruction.a);
        const std::uint32_t products = instruction.shape.m * instruction.shape.n * instruction.stored_k();
        EXPECT_EQ(array_schedule(instruction, array).steps * multipliers, products) << instruction.name();
    }
}

TEST(ArraySchedule, GivesASparseInstructionTheStepsOfTheDenseOneWithHalfTheK) {
    const DotProductArrayParameters array = a100().sm.tensor_core.dot_product_array;
    const auto steps = [&](const char* name) { return array_schedule(mma_instruction_named(name), array).steps; };
    EXPECT_EQ(steps("mma.sp.m16n8k32.f32.f16.f16.f32"), steps("mma.m16n8k16.f32.f16.f16.f32"));
    EXPECT_EQ(steps("mma.sp.m16n8k16.f32.f16.f16.f32"), steps("mma.m16n8k8.f32.f16.f16.f32"));
}

RC_GTEST_PROP(ArraySchedule, HasRoomForAllProductsAndNotAWholeStepToSpare, ()) {
    const MmaInstruction& instruction = any_instruction();
    const auto power = [] { return 1U << *rc::gen::inRange(0, 5); };
    DotProductArrayParameters array = a100().sm.tensor_core.dot_product_array;
    array.rows = power();
    array.columns = power();
    array.unit_bits = 16 * power();
    const ArraySchedule schedule = array_schedule(instruction, array);
    const std::uint32_t products = instruction.shape.m * instruction.shape.n * instruction.stored_k();
    const std::uint32_t lanes = array.unit_bits / bits_of(instruction.a);
    RC_ASSERT(schedule.steps * array.rows * array.columns * lanes >= products);
    RC_ASSERT(schedule.steps >= 1U);
    // Shapes are powers of two, so only an array larger than the instruction leaves multipliers idle.
    if (array.rows <= instruction.shape.m && array.columns <= instruction.shape.n && lanes <= instruction.stored_k()) {
        RC_ASSERT(schedule.steps * array.rows * array.columns * lanes == products);
    }
    RC_ASSERT(schedule.passes == instruction.stored_k() / instruction.pass_length());
    RC_ASSERT(schedule.steps_per_pass * schedule.passes >= schedule.steps);
}

TEST(SelectionCycles, AreTheArraysStepsWithOneSelectionPerMultiplier) {
    const TensorCoreParameters core = a100().sm.tensor_core;
    for (const MmaInstruction& instruction : mma_instructions()) {
        if (!instruction.sparse) continue;
        EXPECT_EQ(selection_cycles(instruction, core.input_selector).value(),
                  array_schedule(instruction, core.dot_product_array).steps);
    }
}

TEST(SelectionCycles, GrowAsMultiplexersBecomeFewerOrNarrower) {
    const MmaInstruction& instruction = mma_instruction_named("mma.sp.m16n8k32.f32.f16.f16.f32");
    InputSelectorParameters selector = a100().sm.tensor_core.input_selector;
    const Cycle full = selection_cycles(instruction, selector);
    selector.mux_width = 2;
    EXPECT_EQ(selection_cycles(instruction, selector), full * 2);
    selector.mux_width = 1;
    EXPECT_EQ(selection_cycles(instruction, selector), full * 4);
    selector.mux_width = 8;
    EXPECT_EQ(selection_cycles(instruction, selector), full) << "a group has four elements";
    selector.mux_width = 4;
    selector.selections_per_cycle /= 4;
    EXPECT_EQ(selection_cycles(instruction, selector), full * 4);
}

TEST(MetadataCodes, AreOnePerStoredElementOfSixteenBits) {
    for (const MmaInstruction& instruction : mma_instructions()) {
        EXPECT_EQ(metadata_codes(instruction), instruction.shape.m * instruction.stored_k());
    }
}

TEST(SelectInputs, OfADenseInstructionIsEachColumnOfBInOrder) {
    const MmaInstruction& instruction = mma_instruction_named("mma.m16n8k16.f32.f16.f16.f32");
    BitMatrix b(16, 8, ElementType::f16);
    for (std::uint32_t i = 0; i < b.storage.size(); ++i) b.storage[i] = i;
    const auto selected = select_inputs(instruction, distribute_fragment(instruction, Operand::b, b), {});
    ASSERT_EQ(selected.size(), 16U * 8 * 16);
    for (std::size_t i = 0; i < selected.size(); ++i) EXPECT_EQ(selected[i], b.at(i % 16, i / 16 % 8));
}

RC_GTEST_PROP(SelectInputs, OfASparseInstructionTakesTheElementOfTheGroupThatTheLineNames, ()) {
    const MmaInstruction& instruction = mma_instruction_named("mma.sp.m16n8k32.f32.f16.f16.f32");
    BitMatrix b(32, 8, ElementType::f16);
    for (std::uint32_t i = 0; i < b.storage.size(); ++i) b.storage[i] = i;
    const auto lines =
        *rc::gen::container<std::vector<std::uint8_t>>(std::size_t{16} * 16, rc::gen::inRange<std::uint8_t>(0, 4));
    const auto selected = select_inputs(instruction, distribute_fragment(instruction, Operand::b, b), lines);
    const std::size_t row = *rc::gen::inRange<std::size_t>(0, 16);
    const std::size_t column = *rc::gen::inRange<std::size_t>(0, 8);
    const std::size_t stored = *rc::gen::inRange<std::size_t>(0, 16);
    const std::size_t k = stored / 2 * 4 + lines[row * 16 + stored];
    RC_ASSERT(selected[(row * 8 + column) * 16 + stored] == b.at(k, column));
}

}  // namespace
}  // namespace stcsim::testing
