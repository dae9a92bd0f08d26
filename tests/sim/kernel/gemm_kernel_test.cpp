#include "kernel/gemm_kernel.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "gpu/gpu_description.h"
#include "kernel/gemm_plan.h"
#include "random_problems.h"
#include "sm/residency.h"

namespace stcsim {
namespace {

using ::testing::HasSubstr;
using testing::problem_of;
using testing::type_choices;

/// The InputError that `action` throws; fails if it throws none.
template <typename Action>
std::string message_of(Action action) {
    try {
        action();
    } catch (const InputError& error) {
        return error.what();
    }
    ADD_FAILURE() << "no InputError";
    return {};
}

TEST(KernelCatalogue, HasTheTilesThatUsersExpectWithTheStagesThatFit) {
    std::set<std::string> names;
    for (const GemmKernel& kernel : kernel_catalogue()) names.insert(kernel.name);
    for (const std::string tile : {"64x64", "128x64", "64x256", "256x64", "128x128", "128x256", "256x128"}) {
        for (const std::string stages : {"x32_s2", "x32_s3", "x32_s6", "x64_s2", "x64_s3"}) {
            EXPECT_TRUE(names.contains(tile + stages)) << tile << stages;
        }
    }
    EXPECT_TRUE(names.contains("64x64x64_s6"));
    EXPECT_FALSE(names.contains("256x128x64_s4")) << "192 KiB";
    EXPECT_EQ(names.size(), kernel_catalogue().size()) << "names are unique";
}

TEST(KernelCatalogue, IsSortedBySizeOfTheTile) {
    std::uint32_t before = 0;
    for (const GemmKernel& kernel : kernel_catalogue()) {
        EXPECT_GE(kernel.tile_m * kernel.tile_n, before) << kernel.name;
        before = kernel.tile_m * kernel.tile_n;
    }
}

TEST(KernelCatalogue, CutsTilesEvenlyIntoWarps) {
    for (const GemmKernel& kernel : kernel_catalogue()) {
        EXPECT_EQ(kernel.tile_m % kernel.warp_m, 0U) << kernel.name;
        EXPECT_EQ(kernel.tile_n % kernel.warp_n, 0U) << kernel.name;
        EXPECT_EQ(kernel.warps() % 4, 0U) << kernel.name << ": every sub-core gets as many warps";
    }
}

/// The kernels of which not one CTA fits on an A100's SM.
std::vector<std::string> kernels_that_do_not_fit(Sparsity sparsity) {
    const ResidencyParameters sm = load_gpu_description("a100-sxm4-40gb").parameters.sm.residency;
    std::vector<std::string> names;
    for (const GemmKernel& kernel : kernel_catalogue()) {
        bool fits = true;
        for (const testing::TypeChoice& types : type_choices) {
            const CtaResources cta = GemmPlan(problem_of(512, 512, 512, sparsity, types), kernel).resources();
            EXPECT_LE(cta.registers_per_thread, sm.maximum_registers_per_thread) << kernel.name;
            fits = fits && resident_ctas(cta, sm).ctas > 0;
        }
        if (!fits) names.push_back(kernel.name);
    }
    return names;
}

TEST(KernelCatalogue, EveryKernelFitsAnA100SmDense) {
    EXPECT_THAT(kernels_that_do_not_fit(Sparsity::dense), ::testing::IsEmpty());
}

TEST(KernelCatalogue, ThoseWhoseSparseStagesAreBeyondAnA100SmAreTheOnesThatTheirBytesSay) {
    std::vector<std::string> expected;
    for (const GemmKernel& kernel : kernel_catalogue()) {
        // A, B of twice the k, and metadata: a quarter of A's bytes for s8, whose two bits go with eight.
        const std::uint32_t stage = kernel.row_bytes * (kernel.tile_m + 2 * kernel.tile_n + kernel.tile_m / 4);
        if (kernel.stages * stage > 163 * 1024) expected.push_back(kernel.name);
    }
    // 4 stages of 128 rows x 64 B (A), 256 columns x 128 B (B) and 1 KiB (metadata of f16) are 164 KiB; a CTA can have
    // 163.
    EXPECT_THAT(expected, ::testing::Contains("128x256x32_s4"));
    EXPECT_EQ(kernels_that_do_not_fit(Sparsity::two_four), expected);
}

TEST(KernelNamed, FindsEveryKernelOfTheCatalogue) {
    for (const GemmKernel& kernel : kernel_catalogue()) EXPECT_EQ(kernel_named(kernel.name).name, kernel.name);
}

TEST(KernelNamed, TakesANameWithoutItsKTileForTheOneOf64Bytes) {
    EXPECT_EQ(kernel_named("128x256_s3").name, "128x256x32_s3");
    EXPECT_EQ(kernel_named("128x256_s3").row_bytes, 64U);
}

TEST(KernelNamed, ReadsRasterAndSlicesOfKFromSuffixes) {
    const GemmKernel columns = kernel_named("128x256x32_s3_c4");
    EXPECT_EQ(columns.name, "128x256x32_s3_c4");
    EXPECT_EQ(columns.raster, (Raster{Raster::Strips::columns, 4}));
    EXPECT_EQ(kernel_named("128x256_s3_r16").raster, (Raster{Raster::Strips::rows, 16}));
    EXPECT_EQ(kernel_named("128x256_s3").raster, std::nullopt);
    EXPECT_EQ(kernel_named("128x256_s3_c4_k3").k_slices, 3U);
    EXPECT_EQ(kernel_named("128x256_s3_k3_r2").raster, (Raster{Raster::Strips::rows, 2}));
    for (const char* const name : {"128x256_s3_k1", "128x256_s3_k17", "128x256_s3_k2_k2", "128x256_s3_c",
                                   "128x256_s3_c0", "128x256_s3_x4", "128x256_s3_c4x", "_c4"}) {
        EXPECT_THROW(kernel_named(name), InputError) << name;
    }
}

TEST(KernelNamed, NamesTheNearestForAnUnknownOne) {
    EXPECT_THAT(message_of([] { kernel_named("128x128x64_s7"); }), HasSubstr("128x128x64_s"));
    EXPECT_THAT(message_of([] { kernel_named("128x128_s9"); }), HasSubstr("128x128x32_s"));
    EXPECT_THAT(message_of([] { kernel_named("atuo"); }), HasSubstr("auto"));
    EXPECT_THROW(kernel_named(""), InputError);
}

TEST(InstructionFor, TakesTheLargeKShapeOfTheTypes) {
    using enum ElementType;
    EXPECT_EQ(instruction_for(problem_of(1, 1, 32)).name(), "mma.m16n8k16.f32.f16.f16.f32");
    EXPECT_EQ(instruction_for(problem_of(1, 1, 32, Sparsity::two_four, {f16, f16, f16})).name(),
              "mma.sp.m16n8k32.f16.f16.f16.f16");
    EXPECT_EQ(instruction_for(problem_of(1, 1, 32, Sparsity::two_four, {bf16, f32, bf16})).name(),
              "mma.sp.m16n8k32.f32.bf16.bf16.f32");
    EXPECT_EQ(instruction_for(problem_of(1, 1, 32, Sparsity::two_four, {tf32, f32, f32})).name(),
              "mma.sp.m16n8k16.f32.tf32.tf32.f32");
    EXPECT_EQ(instruction_for(problem_of(1, 1, 32, Sparsity::dense, {s8, s32, bf16})).name(),
              "mma.m16n8k32.s32.s8.s8.s32");
    EXPECT_EQ(instruction_for(problem_of(1, 1, 64, Sparsity::two_four, {u8, s32, s32})).name(),
              "mma.sp.m16n8k64.s32.u8.u8.s32");
}

TEST(InstructionFor, RefusesTypesThatNoInstructionCombines) {
    using enum ElementType;
    EXPECT_THROW(instruction_for(problem_of(1, 1, 32, Sparsity::dense, {bf16, bf16, bf16})), InputError);
    EXPECT_THROW(instruction_for(problem_of(1, 1, 32, Sparsity::dense, {f32, f32, f32})), InputError);
    EXPECT_THROW(instruction_for(problem_of(1, 1, 32, Sparsity::dense, {f16, f32, bf16})), InputError);
    EXPECT_THROW(instruction_for(problem_of(1, 1, 32, Sparsity::dense, {s8, s32, f32})), InputError);
    EXPECT_THROW(instruction_for(problem_of(1, 1, 32, Sparsity::dense, {tf32, f32, tf32})), InputError);
    EXPECT_THROW(instruction_for(problem_of(1, 1, 32, Sparsity::dense, {f64, f64, f64})), InputError);
    EXPECT_THROW(instruction_for(problem_of(1, 1, 128, Sparsity::two_four, {s4, s32, s32})), InputError);
}

TEST(KernelNamed, ReadsHowKIsDividedFromASuffix) {
    EXPECT_EQ(kernel_named("128x256_s3_k3").decomposition, Decomposition::parallel);
    const GemmKernel serial = kernel_named("128x256_s3_c4_serial12");
    EXPECT_EQ(serial.decomposition, Decomposition::serial);
    EXPECT_EQ(serial.k_slices, 12U);
    EXPECT_EQ(serial.raster, (Raster{Raster::Strips::columns, 4}));
    EXPECT_EQ(kernel_named("128x256_s3_stream").decomposition, Decomposition::stream_k);
    EXPECT_EQ(kernel_named("128x256_s3_stream").stream_ctas, 0U);
    EXPECT_EQ(kernel_named("128x256_s3_stream108_r2").stream_ctas, 108U);
    for (const char* const name : {"128x256_s3_serial", "128x256_s3_serial1", "128x256_s3_serial65",
                                   "128x256_s3_k2_serial2", "128x256_s3_stream_k2", "128x256_s3_stream_stream",
                                   "128x256_s3_stream0", "128x256_s3_stream65537", "128x256_s3_streams", "_stream"}) {
        EXPECT_THROW(kernel_named(name), InputError) << name;
    }
    EXPECT_THAT(message_of([] { kernel_named("128x128_s3_stream_k2"); }), HasSubstr("_stream"));
}

TEST(KernelNamed, ReadsTheWidthOfCopiesFromASuffix) {
    EXPECT_EQ(kernel_named("128x256_s3").copy_bytes, 0U);
    EXPECT_EQ(kernel_named("128x256_s3_copy4_k2").copy_bytes, 4U);
    for (const char* const name :
         {"128x256_s3_copy", "128x256_s3_copy2", "128x256_s3_copy32", "128x256_s3_copy8_copy4"}) {
        EXPECT_THROW(kernel_named(name), InputError) << name;
    }
}

TEST(WidestCopy, IsTheWidestThatTheRowsOfBothOperandsAreMultiplesOf) {
    for (const testing::TypeChoice& types : type_choices) {
        for (const Sparsity sparsity : {Sparsity::dense, Sparsity::two_four}) {
            for (std::uint64_t k = 1; k <= 256; ++k) {
                const std::uint64_t bits = k * bits_of(types.input);
                const std::uint64_t row = sparsity == Sparsity::dense ? bits : bits / 2;
                const std::uint32_t width = widest_copy(problem_of(16, 16, k, sparsity, types));
                for (const std::uint32_t other : {4U, 8U, 16U}) {
                    const bool fits = row % (other * 8) == 0 && (sparsity == Sparsity::dense || k % 2 == 0);
                    EXPECT_EQ(width >= other, fits) << k << ' ' << other;
                }
            }
        }
    }
}

TEST(CheckAlignment, NamesTheNearestLegalSizes) {
    EXPECT_THAT(message_of([] { check_alignment(problem_of(16, 16, 101)); }), HasSubstr("100 or 102"));
    EXPECT_THAT(message_of([] { check_alignment(problem_of(16, 16, 1)); }), HasSubstr("nearest: 2"));
    EXPECT_THAT(message_of([] { check_alignment(problem_of(16, 16, 198, Sparsity::two_four)); }),
                HasSubstr("196 or 200"));
    EXPECT_THAT(message_of([] { GemmPlan(problem_of(16, 16, 7), kernel_named("64x64_s3")); }),
                HasSubstr("nearest: 6 or 8"));
    EXPECT_THAT(message_of([] { GemmPlan(problem_of(16, 16, 12), kernel_named("64x64_s3_copy16")); }),
                HasSubstr("_copy8"));
}

}  // namespace
}  // namespace stcsim
