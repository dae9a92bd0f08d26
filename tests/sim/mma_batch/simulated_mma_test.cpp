#include "mma_batch/simulated_mma.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "array_files.h"
#include "gpu/gpu_description.h"
#include "isa/metadata_fragment.h"

namespace stcsim {
namespace {

BitMatrix random_matrix(const MmaInstruction& instruction, Operand operand, std::mt19937_64& random) {
    const OperandShape shape = operand_shape(instruction, operand);
    BitMatrix matrix(shape.rows, shape.columns, shape.type);
    matrix.storage = random_bits(matrix.storage.size(), bits_of(shape.type), random);
    return matrix;
}

std::vector<MmaCase> random_cases(const MmaInstruction& instruction, std::size_t count, std::mt19937_64& random) {
    std::vector<MmaCase> cases;
    for (std::size_t i = 0; i < count; ++i) {
        MmaCase one{.a = random_matrix(instruction, Operand::a, random),
                    .b = random_matrix(instruction, Operand::b, random),
                    .c = random_matrix(instruction, Operand::c, random),
                    .codes = {}};
        if (instruction.sparse) {
            one.codes = random_codes(instruction, random);
            one.selector = static_cast<std::uint32_t>(i % sparsity_selectors(instruction));
            // Lanes that the selector does not name hold anything.
            for (std::uint32_t& word : one.e) word = static_cast<std::uint32_t>(random());
            encode_metadata(instruction, one.codes, one.selector, one.e);
        }
        cases.push_back(std::move(one));
    }
    return cases;
}

class SimulatedMma : public testing::TestWithParam<std::size_t> {};

TEST_P(SimulatedMma, GivesTheBitsOfTheNumericsUnderEverySelector) {
    const MmaInstruction& instruction = mma_instructions()[GetParam()];
    std::mt19937_64 random(GetParam() + 1);
    // More than one warp's share, and not a multiple of it.
    const std::vector<MmaCase> cases = random_cases(instruction, 37, random);
    const GpuDescription gpu = load_gpu_description("a100-sxm4-40gb");
    EXPECT_EQ(execute_by_simulation(gpu.parameters, instruction, cases), execute_by_numerics(instruction, cases));
}

std::string name_for_tests(const testing::TestParamInfo<std::size_t>& parameter) {
    std::string name = mma_instructions()[parameter.param].name();
    std::erase(name, ':');
    std::ranges::replace(name, '.', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(EachInstruction, SimulatedMma, testing::Range<std::size_t>(0, mma_instructions().size()),
                         name_for_tests);

}  // namespace
}  // namespace stcsim
