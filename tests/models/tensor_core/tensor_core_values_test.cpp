/// Values through the tensor core's modules are those of the reference numerics, bit for bit.

#include <random>

#include <gtest/gtest.h>

#include "a100.h"
#include "base/error.h"
#include "golden_vectors.h"
#include "isa/metadata_fragment.h"
#include "numerics/float_format.h"
#include "numerics/reference_gemm.h"
#include "tensor_core/datapath.h"
#include "tensor_core_bench.h"

namespace stcsim::testing {
namespace {

/// The operands of one instruction as matrices.
struct MmaOperands {
    BitMatrix a, b, c;
    std::vector<std::uint8_t> codes;  ///< mma.sp
};

/// Finite numbers of moderate size, so that every product counts in the sum.
BitMatrix random_matrix(std::size_t rows, std::size_t columns, ElementType type, std::mt19937_64& random) {
    std::normal_distribution<double> normal(0, 2);
    BitMatrix matrix(rows, columns, type);
    for (ElementBits& element : matrix.storage) element = from_double(type, normal(random));
    return matrix;
}

MmaOperands random_operands(const MmaInstruction& instruction, std::mt19937_64& random) {
    const auto [m, n, k] = instruction.shape;
    MmaOperands operands{random_matrix(m, instruction.stored_k(), instruction.a, random),
                         random_matrix(k, n, instruction.b, random),
                         random_matrix(m, n, instruction.c, random),
                         {}};
    if (!instruction.sparse) return operands;
    for (std::uint32_t pair = 0; pair < m * instruction.stored_k() / 2; ++pair) {
        const auto first = static_cast<std::uint8_t>(random() % 4);
        operands.codes.push_back(first);
        operands.codes.push_back(static_cast<std::uint8_t>((first + 1 + random() % 3) % 4));
    }
    return operands;
}

BitMatrix reference(const MmaInstruction& instruction, const MmaOperands& operands) {
    return instruction.sparse ? reference_sparse_gemm(operands.a, operands.codes, operands.b, operands.c)
                              : reference_gemm(operands.a, operands.b, operands.c);
}

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

void load_operands(TensorCoreBench& bench, const TensorOperation& operation, const MmaOperands& operands) {
    const MmaInstruction& instruction = *operation.instruction;
    load(bench, operation.a, distribute_fragment(instruction, Operand::a, operands.a));
    load(bench, operation.b, distribute_fragment(instruction, Operand::b, operands.b));
    load(bench, operation.c, distribute_fragment(instruction, Operand::c, operands.c));
    if (instruction.sparse) load(bench, operation.e, {metadata_register(instruction, operands, operation.selector)});
}

/// D of one instruction through the modules, operands in the register file.
BitMatrix through_the_modules(const MmaInstruction& instruction, const MmaOperands& operands,
                              std::uint32_t selector = 0) {
    TensorCoreBench bench(a100().sm.tensor_core, true);
    TensorOperation operation = TensorCoreBench::operation(instruction);
    operation.selector = static_cast<std::uint8_t>(selector);
    const RegisterRange destination = operation.destination;
    load_operands(bench, operation, operands);
    bench.add(std::move(operation));
    bench.run();
    return assemble_fragment(instruction, Operand::d, bench.registers().read(WarpSlot(0), destination));
}

std::string test_name(std::string name) {
    for (char& c : name) {
        if (c == '.') c = '_';
    }
    return name;
}

class TensorCoreValues : public ::testing::TestWithParam<MmaInstruction> {};

TEST_P(TensorCoreValues, AreThoseOfTheReferenceUnderEverySelector) {
    const MmaInstruction& instruction = GetParam();
    std::mt19937_64 random(7);
    for (std::uint32_t selector = 0; selector < std::max(1U, sparsity_selectors(instruction)); ++selector) {
        const MmaOperands operands = random_operands(instruction, random);
        EXPECT_EQ(through_the_modules(instruction, operands, selector), reference(instruction, operands))
            << "selector " << selector;
    }
}

TEST_P(TensorCoreValues, StayTheSameWhenResultsAreTakenAtRandomTimes) {
    const MmaInstruction& instruction = GetParam();
    std::mt19937_64 random(11);
    TensorCoreBench bench(a100().sm.tensor_core, true);
    constexpr std::uint32_t operations = 30;
    std::vector<MmaOperands> operands;
    for (std::uint32_t i = 0; i < operations; ++i) {
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
        const RegisterRange d{static_cast<std::uint8_t>(32 + 4 * i),
                              static_cast<std::uint8_t>(instruction.d_registers())};
        EXPECT_EQ(assemble_fragment(instruction, Operand::d, bench.registers().read(WarpSlot(0), d)),
                  reference(instruction, operands[i]))
            << "operation " << i;
    }
}

TEST_P(TensorCoreValues, TakeNoMoreCyclesThanTheTimingAlone) {
    const MmaInstruction& instruction = GetParam();
    const auto cycles = [&](bool with_values) {
        TensorCoreBench bench(a100().sm.tensor_core, with_values);
        if (with_values) {
            std::mt19937_64 random(3);
            load_operands(bench, TensorCoreBench::operation(instruction), random_operands(instruction, random));
        }
        bench.add(instruction, 20);
        bench.run();
        return bench.driver().written_cycles;
    };
    EXPECT_EQ(cycles(true), cycles(false));
}

INSTANTIATE_TEST_SUITE_P(Instructions, TensorCoreValues,
                         ::testing::ValuesIn(mma_instructions().begin(), mma_instructions().end()),
                         [](const auto& instance) { return test_name(instance.param.name()); });

/// Reference vectors of instructions that are in the table.
std::vector<std::string> modelled_golden_names() {
    std::vector<std::string> names;
    for (const std::string& name : golden_names()) {
        const bool modelled = std::ranges::any_of(
            mma_instructions(), [&](const MmaInstruction& instruction) { return instruction.name() == "mma." + name; });
        if (modelled) names.push_back(name);
    }
    return names;
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

INSTANTIATE_TEST_SUITE_P(Instructions, TensorCoreGoldenValues, ::testing::ValuesIn(modelled_golden_names()),
                         [](const auto& instance) { return test_name(instance.param); });

class TensorCoreMetadata : public ::testing::TestWithParam<MmaInstruction> {};

std::vector<MmaInstruction> sparse_instructions() {
    std::vector<MmaInstruction> sparse;
    std::ranges::copy_if(mma_instructions(), std::back_inserter(sparse), &MmaInstruction::sparse);
    return sparse;
}

TEST_P(TensorCoreMetadata, AChangedCodeChangesTheRowItSelectsForAndNoOther) {
    const MmaInstruction& instruction = GetParam();
    std::mt19937_64 random(13);
    const std::uint32_t stored = instruction.stored_k();
    for (int repetition = 0; repetition < 8; ++repetition) {
        MmaOperands operands = random_operands(instruction, random);
        const BitMatrix before = through_the_modules(instruction, operands);
        const std::size_t changed = random() % operands.codes.size();
        const std::uint8_t other = operands.codes[changed ^ 1U];
        std::uint8_t& code = operands.codes[changed];
        const std::uint8_t old = code;
        while (code == old || code == other) code = static_cast<std::uint8_t>(random() % 4);
        const BitMatrix after = through_the_modules(instruction, operands);

        EXPECT_EQ(after, reference(instruction, operands));
        EXPECT_NE(after, before);
        for (std::size_t row = 0; row < after.rows; ++row) {
            if (row == changed / stored) continue;
            for (std::size_t column = 0; column < after.columns; ++column) {
                EXPECT_EQ(after.at(row, column), before.at(row, column));
            }
        }
    }
}

TEST_P(TensorCoreMetadata, AnyFlippedBitMovesExactlyOneSelectionOrIsAnError) {
    const MmaInstruction& instruction = GetParam();
    std::mt19937_64 random(17);
    for (std::uint32_t selector = 0; selector < sparsity_selectors(instruction); ++selector) {
        const WarpRegister e = metadata_register(instruction, random_operands(instruction, random), selector);
        const auto lines = decode_select_lines(instruction, {e}, static_cast<std::uint8_t>(selector));
        std::size_t legal = 0;
        for (std::uint32_t bit = 0; bit < 32 * warp_lanes; ++bit) {
            WarpRegister flipped = e;
            flipped[bit / 32] ^= 1U << (bit % 32);
            std::size_t moved = 0;
            try {
                const auto after = decode_select_lines(instruction, {flipped}, static_cast<std::uint8_t>(selector));
                for (std::size_t i = 0; i < lines.size(); ++i) moved += lines[i] != after[i] ? 1 : 0;
            } catch (const InputError&) {
                moved = 1;
            }
            EXPECT_EQ(moved, supplies_metadata(instruction, selector, LaneIndex(bit / 32)) ? 1U : 0U);
            legal += moved;
        }
        EXPECT_EQ(legal, std::size_t{2} * metadata_codes(instruction)) << "two bits per code are read";
    }
}

TEST_P(TensorCoreMetadata, IllegalCodesEndTheRunWithAnInputErrorThatNamesThem) {
    const MmaInstruction& instruction = GetParam();
    std::mt19937_64 random(19);
    MmaOperands operands = random_operands(instruction, random);
    const std::size_t row = 5;
    operands.codes[row * instruction.stored_k()] = operands.codes[row * instruction.stored_k() + 1];
    try {
        through_the_modules(instruction, operands);
        FAIL() << "nothing was thrown";
    } catch (const InputError& error) {
        EXPECT_NE(std::string(error.what()).find("row 5, group 0"), std::string::npos) << error.what();
    }
}

INSTANTIATE_TEST_SUITE_P(Instructions, TensorCoreMetadata, ::testing::ValuesIn(sparse_instructions()),
                         [](const auto& instance) { return test_name(instance.param.name()); });

}  // namespace
}  // namespace stcsim::testing
