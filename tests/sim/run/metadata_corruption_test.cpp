/// A metadata code decides which element of B is multiplied: another code, another result; an illegal one, an error.
#include <gtest/gtest.h>

#include "base/error.h"
#include "gpu/gpu.h"
#include "kernel/gemm_stream.h"
#include "run/operands.h"
#include "small_runs.h"

namespace stcsim {
namespace {

using testing::gemm;

/// A sparse GEMM of 70 x 24 x 64 with its operands in memory, ready to run.
class MetadataCorruption : public ::testing::TestWithParam<bool> {
  protected:
    MetadataCorruption()
        : stream_(GemmPlan(gemm(70, 24, 64, Sparsity::two_four), kernel_named("64x64_s3")), GetParam()),
          operands_(generate_operands(stream_.plan(), 3)) {
        place_operands(stream_.plan(), operands_, memory_);
        stream_.move_values_through(memory_);
    }

    /// Replaces the two codes of A's first group in row 0: the low nibble of the first metadata word.
    void set_first_nibble(std::uint8_t nibble) {
        std::byte byte{};
        memory_.read(stream_.plan().addresses().e, {&byte, 1});
        byte = (byte & std::byte{0xF0}) | std::byte{nibble};
        memory_.write(stream_.plan().addresses().e, {&byte, 1});
    }

    Verification run() {
        const GpuParameters gpu = testing::small_a100().parameters;
        GpuRunOptions options;
        options.one_sm = GetParam();
        options.ctas = {.count = stream_.ctas()};
        options.memory = &memory_;
        run_gpu(gpu, stream_, options);
        return verify_result(stream_.plan(), operands_, memory_);
    }

    GemmStream stream_;
    std::vector<OperandMatrices> operands_;
    GlobalValues memory_;
};

TEST_P(MetadataCorruption, WithoutItEveryElementIsRight) {
    EXPECT_EQ(run().mismatches, 0U);
}

TEST_P(MetadataCorruption, AnotherLegalCodeSelectsOtherElementsOfBForItsRowOnly) {
    const std::vector<std::uint8_t>& codes = operands_[0].compressed.codes;
    // 0 and 1 (0x4), unless these are the codes already: then 2 and 3 (0xE).
    set_first_nibble(codes[0] == 0 && codes[1] == 1 ? 0xE : 0x4);
    const Verification verification = run();
    EXPECT_GE(verification.mismatches, 1U);
    EXPECT_LE(verification.mismatches, 24U) << "one row of D";
    EXPECT_EQ(verification.first_mismatch.substr(0, 15), "batch 0, row 0,") << verification.first_mismatch;
}

TEST_P(MetadataCorruption, TheSamePositionTwiceIsAnError) {
    set_first_nibble(0x5);
    EXPECT_THROW(run(), InputError);
}

TEST_P(MetadataCorruption, OfAValueOfAChangesItsRowOnly) {
    std::byte byte{};
    memory_.read(stream_.plan().addresses().a + 1, {&byte, 1});
    byte ^= std::byte{0x80};  // the sign of A[0, 0]
    memory_.write(stream_.plan().addresses().a + 1, {&byte, 1});
    const Verification verification = run();
    EXPECT_GE(verification.mismatches, 1U);
    EXPECT_LE(verification.mismatches, 24U);
}

INSTANTIATE_TEST_SUITE_P(OperandsThroughMemoryAndInRegisters, MetadataCorruption, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? "InRegisters" : "ThroughMemory"; });

TEST(GenerateOperands, GivesTheSameForTheSameSeedAndOthersForAnother) {
    const GemmPlan plan(gemm(32, 16, 64, Sparsity::two_four), kernel_named("64x64_s3"));
    const auto one = generate_operands(plan, 1);
    EXPECT_EQ(one[0].a, generate_operands(plan, 1)[0].a);
    EXPECT_EQ(one[0].b, generate_operands(plan, 1)[0].b);
    EXPECT_NE(one[0].a, generate_operands(plan, 2)[0].a);
    EXPECT_EQ(one[0].a, expand(one[0].compressed));
}

TEST(GenerateOperands, GivesTheElementsOfABatchDifferentValues) {
    GemmProblem problem = gemm(32, 16, 64);
    problem.batch = 2;
    const auto operands = generate_operands(GemmPlan(problem, kernel_named("64x64_s3")), 1);
    ASSERT_EQ(operands.size(), 2U);
    EXPECT_NE(operands[0].a, operands[1].a);
    EXPECT_NE(operands[0].b, operands[1].b);
}

TEST(VerifyResult, CountsElementsThatNobodyWroteAsWrong) {
    const GemmPlan plan(gemm(32, 16, 64), kernel_named("64x64_s3"));
    const auto operands = generate_operands(plan, 1);
    GlobalValues memory;
    place_operands(plan, operands, memory);
    EXPECT_EQ(verify_result(plan, operands, memory).mismatches, 32U * 16);
}

}  // namespace
}  // namespace stcsim
