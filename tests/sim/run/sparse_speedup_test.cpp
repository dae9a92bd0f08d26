/// Where twice the throughput comes from, and what takes it away.
///
/// The bounds: arXiv 2104.08378 gives 2x the math throughput for 2:4. With operands in registers nothing may take it
/// away; through shared memory, where a sparse k-tile needs as many wavefronts as tensor cycles, something must.
#include <gtest/gtest.h>

#include "small_runs.h"

namespace stcsim {
namespace {

using testing::gemm;

const GpuDescription& a100() {
    static const GpuDescription gpu = load_gpu_description("a100-sxm4-40gb");
    return gpu;
}

GpuDescription a100_with(std::initializer_list<std::string_view> overrides) {
    GpuDescription gpu = a100();
    for (const std::string_view override : overrides) apply_override(gpu, override);
    check_consistency(gpu);
    return gpu;
}

Cycle cycles(const GpuDescription& gpu, const GemmProblem& problem, Scope scope, const std::string& kernel = "auto") {
    return simulate_gemm(gpu, problem, testing::Options{.scope = scope, .kernel = kernel}).cycles;
}

double ratio(Cycle numerator, Cycle denominator) {
    return static_cast<double>(numerator.value()) / static_cast<double>(denominator.value());
}

TEST(SparseSpeedup, IsTwoWithOperandsInRegisters) {
    const Cycle dense = cycles(a100(), gemm(4096, 4096, 4096), Scope::core);
    const Cycle sparse = cycles(a100(), gemm(4096, 4096, 4096, Sparsity::two_four), Scope::core);
    EXPECT_GE(ratio(dense, sparse), 1.97);
    EXPECT_LE(ratio(dense, sparse), 2.03) << "more than the products saved";
}

TEST(SparseSpeedup, IsTwoWithOperandsInRegistersForEveryType) {
    using enum ElementType;
    for (const auto& [input, accumulator] : {std::pair{f16, f16}, {bf16, f32}}) {
        GemmProblem problem = gemm(1536, 1536, 4096);
        problem.input = input;
        problem.output = input;
        problem.accumulator = accumulator;
        const Cycle dense = cycles(a100(), problem, Scope::core, "128x128_s4");
        problem.sparsity = Sparsity::two_four;
        EXPECT_GE(ratio(dense, cycles(a100(), problem, Scope::core, "128x128_s4")), 1.97);
    }
}

TEST(SparseSpeedup, IsBetweenOneAndAHalfAndTwoThroughSharedMemoryAndTheAccountSaysWhy) {
    const SimulationResult dense = simulate_gemm(a100(), gemm(4096, 4096, 4096), testing::Options{.scope = Scope::sm});
    const SimulationResult sparse =
        simulate_gemm(a100(), gemm(4096, 4096, 4096, Sparsity::two_four), testing::Options{.scope = Scope::sm});
    EXPECT_GE(dense.tensor_utilization, 0.9);
    EXPECT_GT(ratio(dense.cycles, sparse.cycles), 1.5);
    EXPECT_LT(ratio(dense.cycles, sparse.cycles), 2.0);
    const auto share = [](const SimulationResult& result, TensorCoreState state) {
        return static_cast<double>(result.account[state].value()) / static_cast<double>(result.account.total().value());
    };
    EXPECT_GT(share(sparse, TensorCoreState::shared_memory), share(dense, TensorCoreState::shared_memory));
    EXPECT_LT(share(sparse, TensorCoreState::busy), share(dense, TensorCoreState::busy));
}

TEST(SparseSpeedup, IsSmallerWithA128x128TileWhoseSharedMemoryTrafficExceedsItsTensorCycles) {
    const GemmProblem dense = gemm(4096, 4096, 2048);
    const GemmProblem sparse = gemm(4096, 4096, 2048, Sparsity::two_four);
    EXPECT_GT(cycles(a100(), sparse, Scope::sm, "128x128_s4"), cycles(a100(), sparse, Scope::sm, "256x128_s3"));
    const double speedup =
        ratio(cycles(a100(), dense, Scope::sm, "128x128_s4"), cycles(a100(), sparse, Scope::sm, "128x128_s4"));
    EXPECT_GT(speedup, 1.2);
    EXPECT_LT(speedup, 1.9);
}

/// A parameter of the sparse path and two slower values of it, the first slower by less.
struct SlowerPath {
    std::string name;
    std::string slow;
    std::string slower;

    friend void PrintTo(const SlowerPath& path, std::ostream* out) { *out << path.slow << ", " << path.slower; }
};

class SparsePath : public ::testing::TestWithParam<SlowerPath> {};

TEST_P(SparsePath, SlowedDownSlowsSparseAndLeavesDenseExactlyAsItIs) {
    const GpuDescription slow = a100_with({GetParam().slow});
    const GpuDescription slower = a100_with({GetParam().slower});
    for (const Scope scope : {Scope::core, Scope::sm}) {
        const GemmProblem dense = gemm(1024, 1536, 1024);
        const GemmProblem sparse = gemm(1024, 1536, 1024, Sparsity::two_four);
        const Cycle before = cycles(a100(), sparse, scope);
        EXPECT_GT(cycles(slow, sparse, scope), before);
        EXPECT_GT(cycles(slower, sparse, scope), cycles(slow, sparse, scope));
        EXPECT_EQ(cycles(slow, dense, scope), cycles(a100(), dense, scope));
        EXPECT_EQ(cycles(slower, dense, scope), cycles(a100(), dense, scope));
    }
}

INSTANTIATE_TEST_SUITE_P(, SparsePath,
                         ::testing::Values(SlowerPath{"Selector",
                                                      "sm.tensor_core.input_selector.selections_per_cycle=128",
                                                      "sm.tensor_core.input_selector.selections_per_cycle=64"},
                                           SlowerPath{"Decoder", "sm.tensor_core.metadata_decoder.codes_per_cycle=16",
                                                      "sm.tensor_core.metadata_decoder.codes_per_cycle=8"},
                                           SlowerPath{"Interval", "sm.tensor_core.metadata_decoder.minimum_interval=12",
                                                      "sm.tensor_core.metadata_decoder.minimum_interval=24"}),
                         [](const auto& tested) { return tested.param.name; });

TEST(SparseSelector, WithHalfTheSelectionsGivesBackTheSpeedup) {
    // 128 selections per cycle feed half the multipliers: a sparse product then takes as long as the dense one.
    const GpuDescription halved = a100_with({"sm.tensor_core.input_selector.selections_per_cycle=128"});
    const Cycle dense = cycles(halved, gemm(1536, 1536, 4096), Scope::core, "128x128_s4");
    const Cycle sparse = cycles(halved, gemm(1536, 1536, 4096, Sparsity::two_four), Scope::core, "128x128_s4");
    EXPECT_NEAR(ratio(dense, sparse), 1.0, 0.03);
}

}  // namespace
}  // namespace stcsim
