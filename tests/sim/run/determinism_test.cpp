/// What must not change the cycles: the order of modules, whether values move, and another run.
#include <vector>

#include <gtest/gtest.h>

#include "small_runs.h"

namespace stcsim {
namespace {

using testing::all_scopes;
using testing::both_sparsities;
using testing::describe;
using testing::expect_same_machine;
using testing::gemm;
using testing::simulate;

TEST(OrderIndependence, ShufflingConstructionAndEvaluationChangesNoCountOnAnyScope) {
    for (const Scope scope : all_scopes) {
        for (const Sparsity sparsity : both_sparsities) {
            const GemmProblem problem = gemm(520, 392, 656, sparsity);
            testing::Options options{.scope = scope};
            const SimulationResult in_order = simulate(problem, options);
            for (options.shuffle_seed = 1; options.shuffle_seed <= 3; ++options.shuffle_seed) {
                expect_same_machine(in_order, simulate(problem, options), describe(options, problem));
            }
        }
    }
}

/// Narrow tiles and little compute: requests of all SMs meet in the L2 all the time. Simulates it as usual and each way
/// of `others`, of which none may change a count.
void expect_same_competition(const std::vector<testing::Options>& others) {
    GpuDescription gpu = testing::small_a100();
    apply_override(gpu, "memory.l2.capacity=655360");
    apply_override(gpu, "memory.hbm.bytes_per_second=2e11");
    const GemmProblem problem = gemm(1024, 72, 2048, Sparsity::two_four);
    const std::string kernel = "64x64_s3";
    const SimulationResult usual = simulate_gemm(gpu, problem, testing::Options{.kernel = kernel});
    for (testing::Options other : others) {
        other.kernel = kernel;
        expect_same_machine(usual, simulate_gemm(gpu, problem, other), describe(other, problem));
    }
}

TEST(OrderIndependence, ShufflingChangesNoCountWhenSmsCompeteForMemory) {
    expect_same_competition({{.shuffle_seed = 1}, {.shuffle_seed = 2}, {.shuffle_seed = 3}});
}

TEST(Threads, ChangeNoCountWhenSmsCompeteForMemory) {
    expect_same_competition({{.threads = 2}, {.threads = 3}, {.threads = 4}, {.threads = 5}});
}

TEST(Threads, ChangeNoCountWhereCtasWaitForEachOther) {
    for (const char* const division : {"_k3", "_serial5", "_stream"}) {
        const GemmProblem problem = gemm(200, 136, 1040, Sparsity::two_four);
        testing::Options options{.kernel = std::string("64x64_s3") + division};
        const SimulationResult alone = simulate(problem, options);
        options.threads = 3;
        expect_same_machine(alone, simulate(problem, options), describe(options, problem));
    }
}

TEST(Values, MovingThemChangesNoCount) {
    for (const Scope scope : all_scopes) {
        for (const Sparsity sparsity : both_sparsities) {
            GemmProblem problem = gemm(200, 136, 336, sparsity);
            problem.batch = 2;
            const testing::Options options{.scope = scope};
            const testing::Options with_values{.scope = scope, .verify = true};
            const SimulationResult timing = simulate(problem, options);
            EXPECT_FALSE(timing.verification.has_value());
            expect_same_machine(timing, simulate(problem, with_values), describe(options, problem));
        }
    }
}

TEST(Values, TheirSeedChangesNoCount) {
    const GemmProblem problem = gemm(128, 136, 192, Sparsity::two_four);
    expect_same_machine(simulate(problem, {.verify = true, .seed = 1}), simulate(problem, {.verify = true, .seed = 2}),
                        "seed");
}

TEST(Simulation, TwiceTheSameGivesTheSame) {
    const GemmProblem problem = gemm(520, 392, 656, Sparsity::two_four);
    const SimulationResult one = simulate(problem);
    simulate(gemm(64, 64, 64));
    const SimulationResult other = simulate(problem);
    expect_same_machine(one, other, "again");
    EXPECT_EQ(one.bound_by, other.bound_by);
    EXPECT_EQ(one.tflops, other.tflops);
}

}  // namespace
}  // namespace stcsim
