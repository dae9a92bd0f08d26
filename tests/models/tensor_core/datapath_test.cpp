/// The tensor core's schedule follows from shapes and rates.

#include "tensor_core/datapath.h"

#include <algorithm>
#include <iterator>
#include <vector>

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
        if (instruction.a == ElementType::f64) continue;
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
    EXPECT_EQ(steps("mma.sp.m16n8k16.f32.tf32.tf32.f32"), steps("mma.m16n8k8.f32.tf32.tf32.f32"));
    EXPECT_EQ(steps("mma.sp.m16n8k64.s32.s8.s8.s32"), steps("mma.m16n8k32.s32.s8.s8.s32"));
    EXPECT_EQ(steps("mma.sp.m16n8k128.s32.u4.s4.s32"), steps("mma.m16n8k64.s32.u4.s4.s32"));
}

TEST(ArraySchedule, GivesTheA100ItsPublishedPeaks) {
    // NVIDIA A100 data sheet, dense: TFLOPS or TOPS of the chip, 108 SMs at 1410 MHz; the whitepaper for b1.
    struct Published {
        ElementType input;
        double tera_operations;
    };
    using enum ElementType;
    for (const Published& published : {Published{f64, 19.5},
                                       {tf32, 156},
                                       {f16, 312},
                                       {bf16, 312},
                                       {s8, 624},
                                       {u8, 624},
                                       {s4, 1248},
                                       {u4, 1248},
                                       {b1, 4992}}) {
        // Every instruction of the type reaches it, a sparse one twice (the larger and the smaller k).
        for (const MmaInstruction& i : mma_instructions()) {
            if (i.a != published.input) continue;
            const double per_clock = dense_multiply_adds_per_cycle(a100().sm.tensor_core.dot_product_array, i.a, i.d);
            EXPECT_NEAR(2 * per_clock * 4 * 108 * 1.41e9 / 1e12, published.tera_operations,
                        0.005 * published.tera_operations)
                << i.name();
            const std::uint32_t steps = array_schedule(i, a100().sm.tensor_core.dot_product_array).steps;
            EXPECT_EQ(static_cast<double>(i.fused_multiply_adds()) / steps, per_clock * (i.sparse ? 2 : 1)) << i.name();
        }
    }
}

RC_GTEST_PROP(ArraySchedule, HasRoomForAllProductsAndNotAWholeStepToSpare, ()) {
    const MmaInstruction& instruction = any_instruction();
    RC_PRE(instruction.a != ElementType::f64);
    const auto power = [] { return 1U << *rc::gen::inRange(0, 5); };
    DotProductArrayParameters array = a100().sm.tensor_core.dot_product_array;
    array.rows = power();
    array.columns = power();
    array.unit_bits = bits_of(instruction.a) * power();
    const ArraySchedule schedule = array_schedule(instruction, array);
    const std::uint32_t products = instruction.shape.m * instruction.shape.n * instruction.stored_k();
    const std::uint32_t lanes = array.unit_bits / bits_of(instruction.a);
    RC_ASSERT(schedule.steps * array.rows * array.columns * lanes >= products);
    RC_ASSERT(schedule.steps >= 1U);
    // Shapes are powers of two, so only an array larger than the instruction leaves multipliers idle.
    if (array.rows <= instruction.shape.m && array.columns <= instruction.shape.n && lanes <= instruction.stored_k()) {
        RC_ASSERT(schedule.steps * array.rows * array.columns * lanes == products);
    }
    RC_ASSERT(schedule.passes == instruction.passes());
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

TEST(SelectInputs, OfADenseInstructionIsEachColumnOfBInOrder) {
    const MmaInstruction& instruction = mma_instruction_named("mma.m16n8k16.f32.f16.f16.f32");
    BitMatrix b(16, 8, ElementType::f16);
    for (std::uint32_t i = 0; i < b.storage.size(); ++i) b.storage[i] = i;
    const auto selected = select_inputs(instruction, distribute_fragment(instruction, Operand::b, b), {});
    ASSERT_EQ(selected.size(), 16U * 8 * 16);
    for (std::size_t i = 0; i < selected.size(); ++i) EXPECT_EQ(selected[i], b.at(i % 16, i / 16 % 8));
}

RC_GTEST_PROP(SelectInputs, OfASparseInstructionTakesTheUnitOfTheGroupThatTheLineNames, ()) {
    std::vector<MmaInstruction> sparse;
    std::ranges::copy_if(mma_instructions(), std::back_inserter(sparse), &MmaInstruction::sparse);
    const MmaInstruction instruction = *rc::gen::elementOf(sparse);
    const auto [m, n, k] = instruction.shape;
    const SparsePattern pattern = sparse_pattern_of(instruction.a);
    BitMatrix b(k, n, instruction.b);
    const ElementBits mask = ~ElementBits{0} >> (64 - bits_of(instruction.b));
    for (ElementBits& element : b.storage) element = *rc::gen::arbitrary<ElementBits>() & mask;
    const std::size_t stored_k = instruction.stored_k();
    const auto lines = *rc::gen::container<std::vector<std::uint8_t>>(
        m * stored_k / pattern.unit, rc::gen::inRange<std::uint8_t>(0, static_cast<std::uint8_t>(pattern.positions())));
    const auto selected = select_inputs(instruction, distribute_fragment(instruction, Operand::b, b), lines);
    const std::size_t row = *rc::gen::inRange<std::size_t>(0, m);
    const std::size_t column = *rc::gen::inRange<std::size_t>(0, n);
    const std::size_t stored = *rc::gen::inRange<std::size_t>(0, stored_k);
    const std::size_t line = lines[(row * stored_k + stored) / pattern.unit];
    const std::size_t group = stored / pattern.kept;
    RC_ASSERT(selected[(row * n + column) * stored_k + stored] ==
              b.at(group * pattern.group + line * pattern.unit + stored % pattern.unit, column));
}

}  // namespace
}  // namespace stcsim::testing
