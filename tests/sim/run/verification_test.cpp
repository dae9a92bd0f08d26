/// D comes out of the modules bit for bit as the reference numerics say.
#include <gtest/gtest.h>

#include "base/error.h"
#include "kernel/gemm_kernel.h"
#include "small_runs.h"

namespace stcsim {
namespace {

using testing::all_scopes;
using testing::both_sparsities;
using testing::expect_verified;
using testing::gemm;
using testing::simulate;

TEST(Verification, PassesForEveryTypeDenseAndSparseOnAShapeWithEdges) {
    using enum ElementType;
    struct Types {
        ElementType input, accumulator, output;
    };
    for (const Sparsity sparsity : both_sparsities) {
        for (const Types& types : {Types{f16, f32, f16},
                                   {f16, f32, f32},
                                   {f16, f16, f16},
                                   {bf16, f32, bf16},
                                   {bf16, f32, f32},
                                   {tf32, f32, f32},
                                   {s8, s32, s32},
                                   {s8, s32, s8},
                                   {s8, s32, bf16},
                                   {u8, s32, f16},
                                   {u8, s32, u8}}) {
            GemmProblem problem = gemm(200, 136, 192, sparsity);
            problem.input = types.input;
            problem.accumulator = types.accumulator;
            problem.output = types.output;
            expect_verified(problem, {.kernel = "128x64x32_s3"});
            problem.sparse_operand = SparseOperand::b;
            expect_verified(problem, {.kernel = "64x64x64_s2"});
            expect_verified(problem, {.scope = Scope::core, .kernel = "128x64x64_s3"});
        }
    }
}

TEST(Verification, PassesWithEveryTileAndKTileOnEveryScope) {
    for (const GemmKernel& kernel : kernel_catalogue()) {
        if (kernel.stages != 2) continue;
        for (const Sparsity sparsity : both_sparsities) {
            // Sparse stages of this one are more than an A100's shared memory holds.
            if (kernel.name == "128x256x64_s2" && sparsity == Sparsity::two_four) continue;
            for (const Scope scope : all_scopes) {
                expect_verified(gemm(kernel.tile_m + 8, kernel.tile_n + 8, 176, sparsity),
                                {.scope = scope, .kernel = kernel.name});
            }
        }
    }
}

TEST(Verification, PassesWithEveryNumberOfStages) {
    for (const GemmKernel& kernel : kernel_catalogue()) {
        if (kernel.tile_m != 64 || kernel.tile_n != 128) continue;
        for (const Sparsity sparsity : both_sparsities) {
            if (kernel.stages * kernel.row_bytes * (64 + 2 * 128 + 8) > 163 * 1024) continue;
            expect_verified(gemm(72, 136, 400, sparsity), {.kernel = kernel.name});
        }
    }
}

TEST(Verification, PassesForOddSizesSingleElementsAndSingleKTiles) {
    for (const Sparsity sparsity : both_sparsities) {
        for (const Scope scope : all_scopes) {
            const testing::Options options{.scope = scope};
            expect_verified(gemm(199, 131, 208, sparsity), options);
            expect_verified(gemm(1, 1, 16, sparsity), options);
            expect_verified(gemm(1, 300, 64, sparsity), options);
            expect_verified(gemm(300, 1, 64, sparsity), options);
            expect_verified(gemm(65, 66, 32, sparsity), options);
        }
    }
}

TEST(Verification, PassesForFewerKTilesThanStages) {
    for (const Sparsity sparsity : both_sparsities) {
        for (const std::uint64_t k : {16U, 64U, 128U, 192U, 256U}) {
            expect_verified(gemm(136, 72, k, sparsity), {.kernel = "128x64_s4"});
        }
    }
}

TEST(Verification, PassesForEveryElementOfABatch) {
    for (const Sparsity sparsity : both_sparsities) {
        for (const Scope scope : all_scopes) {
            GemmProblem problem = gemm(72, 40, 80, sparsity);
            problem.batch = 5;
            problem.output = ElementType::f32;
            expect_verified(problem, {.scope = scope, .seed = 7});
        }
    }
}

TEST(Verification, PassesWithTheFastestKernelOfAll) {
    expect_verified(gemm(72, 40, 80, Sparsity::two_four), {.kernel = "best"});
}

TEST(BestKernel, IsNoSlowerThanAnyOther) {
    const GemmProblem problem = gemm(256, 256, 256, Sparsity::two_four);
    const SimulationResult best = simulate(problem, {.kernel = "best"});
    for (const char* const kernel :
         {"64x64_s3", "64x64_s2", "64x128x64_s2", "128x64x32_s3", "128x128_s4", "256x64_s2"}) {
        EXPECT_LE(best.cycles, simulate(problem, {.kernel = kernel}).cycles) << kernel;
    }
}

TEST(CheckGemm, RefusesWhatSimulateGemmWouldRefuse) {
    const GpuDescription gpu = testing::small_a100();
    EXPECT_THROW(check_gemm(gpu, gemm(64, 64, 7), {}), InputError);
    EXPECT_THROW(check_gemm(gpu, gemm(64, 64, 6, Sparsity::two_four), {}), InputError);
    EXPECT_THROW(check_gemm(gpu, gemm(64, 64, 64), testing::Options{.kernel = "64x64_s9"}), InputError);
    EXPECT_THROW(check_gemm(gpu, gemm(64, 64, 64, Sparsity::two_four), testing::Options{.kernel = "128x256_s4"}),
                 InputError);
    EXPECT_NO_THROW(check_gemm(gpu, gemm(64, 64, 64, Sparsity::two_four), testing::Options{.kernel = "64x64_s3"}));
}

TEST(CheckGemm, RefusesSparsityOnTensorCoresWithoutASparsePath) {
    const GpuDescription dense_only = load_gpu_description("a100-dense-only");
    EXPECT_NO_THROW(check_gemm(dense_only, gemm(64, 64, 64), {}));
    for (const Scope scope : all_scopes) {
        const testing::Options options{.scope = scope};
        EXPECT_THROW(check_gemm(dense_only, gemm(64, 64, 64, Sparsity::two_four), options), InputError);
        EXPECT_THROW(simulate_gemm(dense_only, gemm(64, 64, 64, Sparsity::two_four), options), InputError);
    }
}

}  // namespace
}  // namespace stcsim
