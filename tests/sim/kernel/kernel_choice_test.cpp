#include "kernel/kernel_choice.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "gpu/gpu_description.h"
#include "random_problems.h"
#include "sm/residency.h"

namespace stcsim {
namespace {

using testing::any_kernel;
using testing::any_problem;
using testing::problem_of;

const GpuParameters& a100() {
    static const GpuParameters parameters = load_gpu_description("a100-sxm4-40gb").parameters;
    return parameters;
}

std::uint32_t tile_area(const GemmKernel& kernel) {
    return kernel.tile_m * kernel.tile_n;
}

RC_GTEST_PROP(EstimateCycles, IsPositiveAndFiniteExactlyForKernelsThatFit, ()) {
    const GemmPlan plan(any_problem(5000, 5000, 5000), any_kernel());
    const double cycles = estimate_cycles(plan, a100());
    RC_ASSERT(cycles > 0.0);
    RC_ASSERT(std::isfinite(cycles) == (resident_ctas(plan.resources(), a100().sm.residency).ctas > 0));
}

RC_GTEST_PROP(EstimateCycles, GrowsWithK, ()) {
    GemmProblem problem = any_problem(2000, 2000, 2000);
    const GemmKernel kernel = any_kernel();
    const double before = estimate_cycles(GemmPlan(problem, kernel), a100());
    problem.k *= 2;
    const double after = estimate_cycles(GemmPlan(problem, kernel), a100());
    RC_ASSERT(after >= before);
}

RC_GTEST_PROP(EstimateCycles, IsNoMoreBehindTheSameLaunchAndTheSameIfItLeavesNothing, ()) {
    const GemmPlan plan(any_problem(5000, 5000, 5000), any_kernel());
    const double cold = estimate_cycles(plan, a100());
    const double warm = estimate_cycles(plan, a100(), true);
    RC_ASSERT(warm <= cold);
    if (plan.a_bytes() + plan.b_bytes() > a100().memory.l2.capacity.value()) RC_ASSERT(warm == cold);
}

RC_GTEST_PROP(ChooseKernel, TakesAnEstimateWithinAHundredthOfTheLeast, ()) {
    const GemmProblem problem = any_problem(5000, 5000, 5000);
    const double chosen = estimate_cycles(GemmPlan(problem, choose_kernel(problem, a100())), a100());
    for (const GemmKernel& kernel : kernel_catalogue()) {
        RC_ASSERT(chosen <= 1.01 * estimate_cycles(GemmPlan(problem, kernel), a100()));
    }
}

RC_GTEST_PROP(PlausibleKernels, AreAFewGoodOnesWithTheChosenOneAmongThem, ()) {
    const GemmProblem problem = any_problem(5000, 5000, 5000);
    const auto kernels = plausible_kernels(problem, a100());
    RC_ASSERT(!kernels.empty());
    RC_ASSERT(kernels.size() <= 8U);
    RC_ASSERT(kernels.front().name == choose_kernel(problem, a100()).name);
    double least = std::numeric_limits<double>::infinity();
    double most = 0;
    std::set<std::string> names;
    for (const GemmKernel& kernel : kernels) {
        const double estimate = estimate_cycles(GemmPlan(problem, kernel), a100());
        least = std::min(least, estimate);
        most = std::max(most, estimate);
        names.insert(kernel.name);
    }
    RC_ASSERT(most <= 1.3 * least);
    RC_ASSERT(names.size() == kernels.size());
}

TEST(PlausibleKernels, AreNotJustOneTileWithAllItsStages) {
    std::set<std::pair<std::uint32_t, std::uint32_t>> tiles;
    for (const GemmKernel& kernel : plausible_kernels(problem_of(1024, 4096, 4096), a100())) {
        tiles.emplace(kernel.tile_m, kernel.tile_n);
    }
    EXPECT_GE(tiles.size(), 2U);
}

TEST(ChooseKernel, TakesLargerTilesForLargerProblems) {
    for (const Sparsity sparsity : {Sparsity::dense, Sparsity::two_four}) {
        const GemmKernel small = choose_kernel(problem_of(256, 256, 1024, sparsity), a100());
        const GemmKernel large = choose_kernel(problem_of(8192, 8192, 8192, sparsity), a100());
        EXPECT_GT(tile_area(large), tile_area(small));
    }
}

TEST(ChooseKernel, SplitsALongKForAProductOfFewTilesButNotForOneThatFillsTheChip) {
    for (const Sparsity sparsity : {Sparsity::dense, Sparsity::two_four}) {
        EXPECT_GT(choose_kernel(problem_of(64, 2048, 16384, sparsity), a100()).k_slices, 1U);
        EXPECT_EQ(choose_kernel(problem_of(4096, 4096, 16384, sparsity), a100()).k_slices, 1U);
        EXPECT_EQ(choose_kernel(problem_of(64, 2048, 256, sparsity), a100()).k_slices, 1U);
    }
}

TEST(ChooseKernel, DoesNotSplitKWhereTheGapBetweenLaunchesCostsMoreThanItSaves) {
    GpuDescription gpu = load_gpu_description("a100-sxm4-40gb");
    apply_override(gpu, "cta_scheduler.launch_gap=1000000");
    EXPECT_EQ(choose_kernel(problem_of(64, 2048, 16384), gpu.parameters).k_slices, 1U);
}

TEST(ChooseKernel, DoesNotSplitSumsOf16Bits) {
    using enum ElementType;
    EXPECT_EQ(choose_kernel(problem_of(64, 2048, 16384, Sparsity::dense, {f16, f16, f16}), a100()).k_slices, 1U);
}

TEST(ChooseKernel, NeverTakesOneThatDoesNotFit) {
    GpuDescription gpu = load_gpu_description("a100-sxm4-40gb");
    apply_override(gpu, "sm.residency.shared_memory_per_cta=49152");
    apply_override(gpu, "sm.residency.shared_memory=49152");
    const GemmProblem problem = problem_of(8192, 8192, 8192, Sparsity::two_four);
    const GemmKernel chosen = choose_kernel(problem, gpu.parameters);
    EXPECT_LE(GemmPlan(problem, chosen).resources().shared_memory, Bytes(49152));
}

TEST(ChooseKernel, SaysSoIfNoneFits) {
    GpuDescription gpu = load_gpu_description("a100-sxm4-40gb");
    apply_override(gpu, "sm.residency.shared_memory_per_cta=4096");
    EXPECT_THROW(choose_kernel(problem_of(256, 256, 256), gpu.parameters), InputError);
}

TEST(ChooseKernel, RefusesIllegalProblems) {
    EXPECT_THROW(choose_kernel(problem_of(256, 256, 7), a100()), InputError);
}

}  // namespace
}  // namespace stcsim
