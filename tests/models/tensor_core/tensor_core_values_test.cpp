/// Values through the tensor core's modules are those of the reference numerics, bit for bit.

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "a100.h"
#include "base/error.h"
#include "golden_vectors.h"
#include "isa/metadata_fragment.h"
#include "numerics/dot_add.h"
#include "random_mma.h"
#include "tensor_core/datapath.h"
#include "tensor_core_bench.h"

namespace stcsim::testing {
namespace {

/// E with the codes under `selector`; what that does not name stays 0, which would be illegal.
WarpRegister metadata_register(const MmaInstruction& instruction, const MmaOperands& operands, std::uint32_t selector) {
    WarpRegister e{};
    encode_metadata(instruction, operands.codes, selector, e);
    return e;
}

void load(TensorCoreBench& bench, RegisterRange range, const std::vector<LaneValues>& values) {
    ASSERT_EQ(values.size(), range.count);
    for (std::uint32_t i = 0; i < range.count; ++i) bench.registers().at(WarpSlot(0), range.first + i) = values[i];
}

void load_operands(TensorCoreBench& bench, const TensorOperation& operation, const MmaOperands& operands,
                   const WarpRegister& e) {
    const MmaInstruction& instruction = *operation.instruction;
    load(bench, operation.a, distribute_fragment(instruction, Operand::a, operands.a));
    load(bench, operation.b, distribute_fragment(instruction, Operand::b, operands.b));
    load(bench, operation.c, distribute_fragment(instruction, Operand::c, operands.c));
    if (instruction.sparse) load(bench, operation.e, {e});
}

/// D of one instruction through the modules, operands in the register file.
BitMatrix through_the_modules(const MmaInstruction& instruction, const MmaOperands& operands, const WarpRegister& e,
                              std::uint32_t selector = 0) {
    TensorCoreBench bench(a100().sm.tensor_core, true);
    TensorOperation operation = TensorCoreBench::operation(instruction);
    operation.selector = static_cast<std::uint8_t>(selector);
    const RegisterRange destination = operation.destination;
    load_operands(bench, operation, operands, e);
    bench.add(std::move(operation));
    bench.run();
    return assemble_fragment(instruction, Operand::d, bench.registers().read(WarpSlot(0), destination));
}

BitMatrix through_the_modules(const MmaInstruction& instruction, const MmaOperands& operands,
                              std::uint32_t selector = 0) {
    const WarpRegister e = instruction.sparse ? metadata_register(instruction, operands, selector) : WarpRegister{};
    return through_the_modules(instruction, operands, e, selector);
}

std::string test_name(std::string name) {
    for (char& c : name) {
        if (c == '.') c = '_';
    }
    return name;
}

/// Tests over all instructions of one type of A.
class TensorCoreValues : public ::testing::TestWithParam<ElementType> {
  protected:
    static std::vector<const MmaInstruction*> instructions(bool sparse_only = false) {
        std::vector<const MmaInstruction*> chosen;
        for (const MmaInstruction& instruction : mma_instructions()) {
            if (instruction.a != GetParam() || (sparse_only && !instruction.sparse)) continue;
            chosen.push_back(&instruction);
        }
        return chosen;
    }
};

TEST_P(TensorCoreValues, AreThoseOfTheReferenceUnderEverySelector) {
    std::mt19937_64 random(7);
    for (const MmaInstruction* instruction : instructions()) {
        for (std::uint32_t selector = 0; selector < std::max(1U, sparsity_selectors(*instruction)); ++selector) {
            const MmaOperands operands = random_operands(*instruction, random);
            EXPECT_EQ(through_the_modules(*instruction, operands, selector), reference(*instruction, operands))
                << instruction->name() << ", selector " << selector;
        }
    }
}

TEST_P(TensorCoreValues, StayTheSameWhenResultsAreTakenAtRandomTimes) {
    std::mt19937_64 random(11);
    // Of all instructions of the type in turn, independent of each other.
    const std::vector<const MmaInstruction*> mix = instructions();
    TensorCoreBench bench(a100().sm.tensor_core, true);
    constexpr std::uint32_t operations = 30;
    std::vector<MmaOperands> operands;
    for (std::uint32_t i = 0; i < operations; ++i) {
        const MmaInstruction& instruction = *mix[(i * 7) % mix.size()];
        operands.push_back(random_operands(instruction, random));
        TensorOperation operation = TensorCoreBench::operation(instruction);
        operation.c.first = operation.destination.first = static_cast<std::uint8_t>(32 + 4 * i);
        load(bench, operation.c, distribute_fragment(instruction, Operand::c, operands[i].c));
        // A, B and E come with the operation, as a stream may provide them.
        operation.values = std::make_unique<OperandValues>();
        operation.values->a = distribute_fragment(instruction, Operand::a, operands[i].a);
        operation.values->b = distribute_fragment(instruction, Operand::b, operands[i].b);
        if (instruction.sparse) operation.values->e = {metadata_register(instruction, operands[i], 0)};
        bench.add(std::move(operation));
    }
    bench.driver().stalls = [&random](Cycle now) { return now < Cycle(400) || random() % 8 != 0; };
    bench.run();
    ASSERT_EQ(bench.driver().destinations.size(), operations);
    for (std::uint32_t i = 0; i < operations; ++i) {
        const MmaInstruction& instruction = *mix[(i * 7) % mix.size()];
        const RegisterRange d{static_cast<std::uint8_t>(32 + 4 * i),
                              static_cast<std::uint8_t>(instruction.d_registers())};
        EXPECT_EQ(assemble_fragment(instruction, Operand::d, bench.registers().read(WarpSlot(0), d)),
                  reference(instruction, operands[i]))
            << instruction.name() << ", operation " << i;
    }
}

TEST_P(TensorCoreValues, TakeNoMoreCyclesThanTheTimingAlone) {
    for (const MmaInstruction* instruction : instructions()) {
        const auto cycles = [&](bool with_values) {
            TensorCoreBench bench(a100().sm.tensor_core, with_values);
            if (with_values) {
                std::mt19937_64 random(3);
                const MmaOperands operands = random_operands(*instruction, random);
                const WarpRegister e =
                    instruction->sparse ? metadata_register(*instruction, operands, 0) : WarpRegister{};
                load_operands(bench, TensorCoreBench::operation(*instruction), operands, e);
            }
            bench.add(*instruction, 5);
            bench.run();
            return bench.driver().written_cycles;
        };
        EXPECT_EQ(cycles(true), cycles(false)) << instruction->name();
    }
}

INSTANTIATE_TEST_SUITE_P(Of, TensorCoreValues,
                         ::testing::Values(ElementType::f16, ElementType::bf16, ElementType::tf32, ElementType::f64,
                                           ElementType::s8, ElementType::u8, ElementType::s4, ElementType::u4,
                                           ElementType::b1),
                         [](const auto& instance) { return std::string(name_of(instance.param)); });

TEST(TensorCoreValuesCoverage, EveryInstructionIsOfATypeTested) {
    for (const MmaInstruction& instruction : mma_instructions()) {
        EXPECT_TRUE(is_tensor_core_arithmetic(instruction.arithmetic())) << instruction.name();
        EXPECT_NE(instruction.a, ElementType::f32);
        EXPECT_NE(instruction.a, ElementType::s32);
    }
}

TEST(SaturatingInstruction, ClampsOnceAtItsEndNotPassByPass) {
    // The first pass alone would go beyond the range; what the second subtracts brings the exact sum back.
    const MmaInstruction& instruction = mma_instruction_named("mma.m16n8k32.satfinite.s32.s8.s8.s32");
    MmaOperands operands{
        BitMatrix(16, 32, ElementType::s8), BitMatrix(32, 8, ElementType::s8), BitMatrix(16, 8, ElementType::s32), {}};
    operands.a.at(0, 0) = 100;
    operands.a.at(0, 31) = 0x100 - 100;
    for (std::size_t k = 0; k < 32; ++k) operands.b.at(k, 0) = operands.b.at(k, 1) = 1;
    operands.b.at(31, 1) = 0;
    operands.c.at(0, 0) = operands.c.at(0, 1) = 0x7FFFFFFF;
    const BitMatrix d = through_the_modules(instruction, operands);
    EXPECT_EQ(d.at(0, 0), 0x7FFFFFFFU);
    EXPECT_EQ(d.at(0, 1), 0x7FFFFFFFU);
    operands.a.at(0, 31) = 0x100 - 101;
    EXPECT_EQ(through_the_modules(instruction, operands).at(0, 0), 0x7FFFFFFEU);
    const MmaInstruction& wrapping = mma_instruction_named("mma.m16n8k32.s32.s8.s8.s32");
    EXPECT_EQ(through_the_modules(wrapping, operands).at(0, 1), 0x80000063U);
}

class TensorCoreGoldenValues : public ::testing::TestWithParam<std::string> {};

TEST_P(TensorCoreGoldenValues, ComeOutOfTheModulesBitForBit) {
    const GoldenVectors vectors = golden_vectors(GetParam());
    const MmaInstruction& instruction = mma_instruction_named("mma." + GetParam());
    ASSERT_FALSE(vectors.cases.empty());
    for (std::size_t i = 0; i < vectors.cases.size(); ++i) {
        const GoldenCase& one = vectors.cases[i];
        EXPECT_EQ(through_the_modules(instruction, {one.a, one.b, one.c, one.codes}), one.d) << "case " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Instructions, TensorCoreGoldenValues, ::testing::ValuesIn(golden_names()),
                         [](const auto& instance) { return test_name(instance.param); });

class TensorCoreMetadata : public TensorCoreValues {};

TEST_P(TensorCoreMetadata, AChangedCodeChangesTheRowItSelectsForAndNoOther) {
    std::mt19937_64 random(13);
    for (const MmaInstruction* instruction : instructions(true)) {
        const std::uint32_t per_group = sparse_pattern_of(instruction->a).codes();
        const std::size_t groups_per_row = instruction->shape.k / sparse_pattern_of(instruction->a).group;
        for (int repetition = 0; repetition < 3; ++repetition) {
            MmaOperands operands = random_operands(*instruction, random);
            const BitMatrix before = through_the_modules(*instruction, operands);
            const std::vector<std::uint8_t> old = operands.codes;
            const std::size_t group = random() % (groups_per_row * 16);
            while (operands.codes == old) {
                const std::vector<std::uint8_t> others = random_codes(*instruction, random);
                std::copy_n(others.begin(), per_group, &operands.codes[group * per_group]);
            }
            const BitMatrix after = through_the_modules(*instruction, operands);

            EXPECT_EQ(after, reference(*instruction, operands)) << instruction->name();
            EXPECT_NE(after, before) << instruction->name();
            for (std::size_t row = 0; row < after.rows; ++row) {
                if (row == group / groups_per_row) continue;
                for (std::size_t column = 0; column < after.columns; ++column) {
                    EXPECT_EQ(after.at(row, column), before.at(row, column)) << instruction->name();
                }
            }
        }
    }
}

TEST_P(TensorCoreMetadata, AnyFlippedBitMovesExactlyOneSelectionOrIsAnError) {
    std::mt19937_64 random(17);
    // Types that differ in sign or accumulator only read E alike.
    const MmaInstruction* last = nullptr;
    for (const MmaInstruction* instruction : instructions(true)) {
        if (last != nullptr && last->shape == instruction->shape &&
            last->metadata_order == instruction->metadata_order) {
            continue;
        }
        last = instruction;
        for (std::uint32_t selector = 0; selector < sparsity_selectors(*instruction); ++selector) {
            const WarpRegister e = metadata_register(*instruction, random_operands(*instruction, random), selector);
            const auto lines = decode_select_lines(*instruction, {e}, static_cast<std::uint8_t>(selector));
            std::size_t read = 0;
            for (std::uint32_t bit = 0; bit < 32 * warp_lanes; ++bit) {
                WarpRegister flipped = e;
                flipped[bit / 32] ^= 1U << (bit % 32);
                std::size_t moved = 0;
                try {
                    const auto after =
                        decode_select_lines(*instruction, {flipped}, static_cast<std::uint8_t>(selector));
                    for (std::size_t i = 0; i < lines.size(); ++i) moved += lines[i] != after[i] ? 1 : 0;
                } catch (const InputError&) {
                    moved = 1;
                }
                EXPECT_EQ(moved, supplies_metadata(*instruction, selector, LaneIndex(bit / 32)) ? 1U : 0U)
                    << instruction->name();
                read += moved;
            }
            EXPECT_EQ(read, std::size_t{2} * metadata_codes(*instruction)) << "two bits per code are read";
        }
    }
}

/// The message of the error that the instruction ends with when the nibble of row 5, group 0 is this; empty if none.
std::string error_of(const MmaInstruction& instruction, const MmaOperands& operands, std::uint32_t nibble) {
    WarpRegister e = metadata_register(instruction, operands, 0);
    std::uint32_t& word = e[4 * 5];
    word = (word & ~0xFU) | nibble;
    try {
        through_the_modules(instruction, operands, e);
    } catch (const InputError& error) {
        return error.what();
    }
    return "";
}

TEST_P(TensorCoreMetadata, IllegalCodesEndTheRunWithAnInputErrorThatNamesThem) {
    std::mt19937_64 random(19);
    for (const MmaInstruction* instruction : instructions(true)) {
        const MmaOperands operands = random_operands(*instruction, random);
        EXPECT_THAT(error_of(*instruction, operands, 0xF),
                    ::testing::HasSubstr("row 5, group 0 of " + instruction->name()));
        EXPECT_EQ(error_of(*instruction, operands, 0xE), "") << instruction->name();
        // Positions 1 and 0, in this order.
        const bool legal = instruction->metadata_order == CodeOrder::any && instruction->a != ElementType::tf32;
        EXPECT_EQ(error_of(*instruction, operands, 0x1).empty(), legal) << instruction->name();
    }
}

INSTANTIATE_TEST_SUITE_P(Of, TensorCoreMetadata,
                         ::testing::Values(ElementType::f16, ElementType::bf16, ElementType::tf32, ElementType::s8,
                                           ElementType::u8, ElementType::s4, ElementType::u4),
                         [](const auto& instance) { return std::string(name_of(instance.param)); });

}  // namespace
}  // namespace stcsim::testing
