/// Runs by waves against runs of every instruction.
#include <cmath>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "kernel/gemm_plan.h"
#include "run/kernel_run.h"
#include "small_runs.h"
#include "waves/wave_sampling.h"

namespace stcsim::testing {
namespace {

struct Case {
    std::uint64_t m, n, k;
    const char* kernel;
};

/// Several waves of four SMs, with one and with several CTAs on an SM, bound by tensor cores and by shared memory. CTAs
/// have only 8 to 32 k-tiles, so that what the replay simplifies - starts and ends of CTAs - weighs far more than in
/// the problems that are sampled.
constexpr Case cases[] = {{1024, 1024, 1024, "128x128_s3"},
                          {1536, 1024, 768, "256x128_s3"},
                          {1024, 768, 1024, "64x128_s4"},
                          {1280, 1280, 512, "128x256_s3"}};

double ratio(double one, double other) {
    return one / other;
}

TEST(Sampling, TakesAboutAsLongAsEveryInstruction) {
    for (const Case& c : cases) {
        for (const Sparsity sparsity : both_sparsities) {
            const GemmProblem problem = gemm(c.m, c.n, c.k, sparsity);
            const SimulationResult exact = simulate(problem, {.kernel = c.kernel, .method = Method::exact});
            const SimulationResult sampled = simulate(problem, {.kernel = c.kernel, .method = Method::sampled});
            EXPECT_NEAR(ratio(static_cast<double>(sampled.cycles.value()), static_cast<double>(exact.cycles.value())),
                        1, 0.06)
                << describe({.kernel = c.kernel}, problem);
            EXPECT_EQ(sampled.account[TensorCoreState::busy], exact.account[TensorCoreState::busy]);
            EXPECT_EQ(sampled.counters.at("sm.warp_scheduler.issued.mma"),
                      exact.counters.at("sm.warp_scheduler.issued.mma"));
            EXPECT_NEAR(sampled.l2_read_bytes / exact.l2_read_bytes, 1, 0.01);
        }
    }
}

TEST(Sampling, TakesAsLongForTheTransposedProductOfTilesThatAreNotSquare) {
    for (const char* kernel : {"256x128_s3", "64x128_s4"}) {
        GemmProblem problem = gemm(1536, 1024, 1536, Sparsity::two_four);
        problem.sparse_operand = SparseOperand::b;
        const SimulationResult exact = simulate(problem, {.kernel = kernel, .method = Method::exact});
        const SimulationResult sampled = simulate(problem, {.kernel = kernel, .method = Method::sampled});
        EXPECT_NEAR(ratio(static_cast<double>(sampled.cycles.value()), static_cast<double>(exact.cycles.value())), 1,
                    0.06)
            << kernel;
    }
}

TEST(Sampling, AddsUpSlicesOfKInASecondLaunchAsEveryInstructionDoes) {
    constexpr Case split_cases[] = {
        {192, 256, 4096, "64x64_s3_k4"}, {128, 128, 8192, "128x64_s4_k6"}, {500, 300, 2048, "64x128_s3_k3"}};
    for (const Case& c : split_cases) {
        for (const Sparsity sparsity : both_sparsities) {
            const GemmProblem problem = gemm(c.m, c.n, c.k, sparsity);
            const SimulationResult exact = simulate(problem, {.kernel = c.kernel, .method = Method::exact});
            const SimulationResult sampled = simulate(problem, {.kernel = c.kernel, .method = Method::sampled});
            EXPECT_EQ(sampled.method, Method::sampled);
            EXPECT_NEAR(ratio(static_cast<double>(sampled.cycles.value()), static_cast<double>(exact.cycles.value())),
                        1, 0.06)
                << describe({.kernel = c.kernel}, problem);
            EXPECT_EQ(sampled.account[TensorCoreState::busy], exact.account[TensorCoreState::busy]);
            EXPECT_EQ(sampled.account.total().value(), sampled.cycles.value() * sampled.tensor_cores);
            for (const char* operation : {"mma", "cp_async", "ld_global"}) {
                const std::string issued = std::string("sm.warp_scheduler.issued.") + operation;
                EXPECT_NEAR(ratio(static_cast<double>(sampled.counters.at(issued)),
                                  static_cast<double>(exact.counters.at(issued))),
                            1, 0.1)
                    << issued << ' ' << describe({.kernel = c.kernel}, problem);
            }
            EXPECT_NEAR(sampled.l2_read_bytes / exact.l2_read_bytes, 1, 0.01);
        }
    }
}

TEST(Sampling, LeavesOutWavesOfBothLaunches) {
    const GpuParameters gpu = small_a100().parameters;
    const GemmPlan plan(gemm(4096, 2048, 512), kernel_named("128x128_s3_k2"));
    const TileProfile profile = measure_profile(gpu, plan);
    const SampledRun all = run_sampled(gpu, plan, profile, {.every_wave = true});
    const SampledRun some = run_sampled(gpu, plan, profile, {});
    EXPECT_LT(some.replayed_share, 0.3);
    EXPECT_NEAR(some.cycles / all.cycles, 1, 0.02);
    for (const SampledRun& run : {all, some}) {
        EXPECT_EQ(run.totals.k_tiles, plan.multiplying_ctas() * plan.k_tiles() / 2);
        EXPECT_EQ(run.totals.ctas, plan.multiplying_ctas());
        EXPECT_EQ(run.reducing_ctas, static_cast<double>(plan.reducing_ctas()));
    }
    const std::uint64_t written = plan.d_bytes() * plan.slices() + plan.result_bytes();
    EXPECT_EQ(all.traffic.sm_written, written);
    EXPECT_NEAR(ratio(static_cast<double>(some.traffic.sm_written), static_cast<double>(written)), 1, 0.01);
}

TEST(Sampling, AccountsForEveryTensorCoreCycle) {
    for (const Sparsity sparsity : both_sparsities) {
        const SimulationResult result =
            simulate(gemm(2000, 1000, 528, sparsity), {.kernel = "128x128_s3", .method = Method::sampled});
        EXPECT_EQ(result.method, Method::sampled);
        EXPECT_EQ(result.account.total().value(), result.cycles.value() * result.tensor_cores);
    }
}

TEST(Sampling, IsTheSameEveryTime) {
    const GemmProblem problem = gemm(4096, 1024, 512, Sparsity::two_four);
    expect_same_machine(simulate(problem, {.method = Method::sampled}), simulate(problem, {.method = Method::sampled}),
                        "twice");
}

TEST(Sampling, WavesThatAreLeftOutAreLikeThoseThatAreNot) {
    const GpuParameters gpu = small_a100().parameters;
    for (const Sparsity sparsity : both_sparsities) {
        const GemmPlan plan(gemm(8192, 1024, 512, sparsity), kernel_named("128x128_s3"));
        const TileProfile profile = measure_profile(gpu, plan);
        const SampledRun all = run_sampled(gpu, plan, profile, {.every_wave = true});
        const SampledRun some = run_sampled(gpu, plan, profile, {});
        EXPECT_EQ(all.replayed_share, 1);
        EXPECT_LT(some.replayed_share, 0.5);
        EXPECT_NEAR(some.cycles / all.cycles, 1, 0.01);
        EXPECT_EQ(some.totals.k_tiles, all.totals.k_tiles);
        EXPECT_EQ(some.totals.ctas, plan.ctas());
        EXPECT_NEAR(ratio(static_cast<double>(some.traffic.sm_read), static_cast<double>(all.traffic.sm_read)), 1,
                    0.02);
        EXPECT_NEAR(some.traffic.hbm_read / all.traffic.hbm_read, 1, 0.1);
    }
}

TEST(Sampling, AProbeTellsTheRatesOfALongRunAndLeavesShortOnesAlone) {
    const GpuParameters gpu = small_a100().parameters;
    for (const Sparsity sparsity : both_sparsities) {
        const GemmPlan plan(gemm(2048, 1024, 4096, sparsity), kernel_named("128x128_s3"));
        const TileProfile profile = measure_profile(gpu, plan);
        const std::optional<SampledRun> probed = probe(gpu, plan, profile);
        ASSERT_TRUE(probed);
        const SampledRun run = run_sampled(gpu, plan, profile, {});
        EXPECT_NEAR(probed->cycles / run.cycles, 1, 0.15);
        EXPECT_EQ(probed->totals.ctas, run.totals.ctas);
        EXPECT_NEAR(ratio(static_cast<double>(probed->totals.k_tiles), static_cast<double>(run.totals.k_tiles)), 1,
                    0.01);
        EXPECT_NEAR(ratio(static_cast<double>(probed->traffic.sm_read), static_cast<double>(run.traffic.sm_read)), 1,
                    0.1);
        EXPECT_FALSE(probe(gpu, GemmPlan(gemm(512, 512, 1024, sparsity), plan.kernel()), profile));
    }
}

TEST(Sampling, AWarmL2SparesTheMemory) {
    const GemmProblem problem = gemm(512, 512, 1024);
    const SimulationResult cold = simulate(problem, {.method = Method::sampled});
    const SimulationResult warm = simulate(problem, {.method = Method::sampled, .warm_l2 = true});
    EXPECT_LT(warm.hbm_read_bytes, cold.hbm_read_bytes / 10);
    EXPECT_LT(warm.cycles, cold.cycles);
}

}  // namespace
}  // namespace stcsim::testing
