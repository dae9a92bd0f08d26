#include "workload/gemm_types.h"

#include <array>

#include <gtest/gtest.h>

namespace stcsim {
namespace {

constexpr std::array operand_types{ElementType::f16, ElementType::bf16, ElementType::tf32,
                                   ElementType::f64, ElementType::s8,   ElementType::u8,
                                   ElementType::s4,  ElementType::u4,   ElementType::b1};

GemmProblem problem_with(ElementType input, ElementType accumulator, Sparsity sparsity = Sparsity::dense) {
    GemmProblem problem;
    problem.input = input;
    problem.accumulator = accumulator;
    problem.output = default_output(input);
    problem.sparsity = sparsity;
    return problem;
}

TEST(SparsityName, ReadsBackAsWritten) {
    for (const Sparsity sparsity : {Sparsity::dense, Sparsity::two_four}) {
        EXPECT_EQ(sparsity_named(name_of(sparsity)), sparsity);
    }
    EXPECT_EQ(sparsity_named("4:2"), std::nullopt);
    EXPECT_EQ(sparsity_named(""), std::nullopt);
}

TEST(CheckTypes, AcceptsTheDefaultOutputOfEveryOperandType) {
    for (const ElementType input : operand_types) {
        ElementType accumulator = ElementType::s32;
        if (bits_of(input) >= 16) accumulator = input == ElementType::f64 ? ElementType::f64 : ElementType::f32;
        EXPECT_NO_THROW(check_types(problem_with(input, accumulator), {})) << name_of(input);
    }
}

TEST(CheckTypes, RefusesAccumulatorsThatNoInstructionHas) {
    EXPECT_NO_THROW(check_types(problem_with(ElementType::f16, ElementType::f16), {}));
    EXPECT_THROW(check_types(problem_with(ElementType::bf16, ElementType::bf16), {}), InputError);
    EXPECT_THROW(check_types(problem_with(ElementType::bf16, ElementType::f16), {}), InputError);
    EXPECT_THROW(check_types(problem_with(ElementType::s8, ElementType::f32), {}), InputError);
    EXPECT_THROW(check_types(problem_with(ElementType::f64, ElementType::f32), {}), InputError);
}

TEST(CheckTypes, RefusesOperandsThatAreAccumulatorsOnly) {
    EXPECT_THROW(check_types(problem_with(ElementType::f32, ElementType::f32), {}), InputError);
    EXPECT_THROW(check_types(problem_with(ElementType::s32, ElementType::s32), {}), InputError);
}

TEST(CheckTypes, RefusesSparsityWhereThereIsNoSparseInstruction) {
    EXPECT_NO_THROW(check_types(problem_with(ElementType::tf32, ElementType::f32, Sparsity::two_four), {}));
    EXPECT_NO_THROW(check_types(problem_with(ElementType::u4, ElementType::s32, Sparsity::two_four), {}));
    EXPECT_THROW(check_types(problem_with(ElementType::f64, ElementType::f64, Sparsity::two_four), {}), InputError);
    EXPECT_THROW(check_types(problem_with(ElementType::b1, ElementType::s32, Sparsity::two_four), {}), InputError);
}

TEST(CheckTypes, RefusesAnOutputThatTheSumsAreNotStoredAs) {
    GemmProblem problem = problem_with(ElementType::f16, ElementType::f32);
    problem.output = ElementType::f32;
    EXPECT_NO_THROW(check_types(problem, {}));
    problem.output = ElementType::s8;
    EXPECT_THROW(check_types(problem, {}), InputError);
}

TEST(CheckTypes, SaysWhereAndWhatIsAllowed) {
    try {
        check_types(problem_with(ElementType::bf16, ElementType::f16), {"net.csv", 7});
        FAIL() << "accepted";
    } catch (const InputError& error) {
        EXPECT_STREQ(error.what(), "net.csv:7: found accumulator type f16, expected f32 for bf16 operands");
    }
}

}  // namespace
}  // namespace stcsim
