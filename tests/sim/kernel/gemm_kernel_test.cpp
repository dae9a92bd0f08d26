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

TEST(KernelCatalogue, HasTheTilesThatUsersExpectWithThreeAndFourStages) {
    std::set<std::string> names;
    for (const GemmKernel& kernel : kernel_catalogue()) names.insert(kernel.name);
    for (const std::string tile : {"64x64", "128x64", "128x128", "128x256", "256x128"}) {
        EXPECT_TRUE(names.contains(tile + "_s3")) << tile;
        EXPECT_TRUE(names.contains(tile + "_s4")) << tile;
    }
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
std::set<std::string> kernels_that_do_not_fit(Sparsity sparsity) {
    const ResidencyParameters sm = load_gpu_description("a100-sxm4-40gb").parameters.sm.residency;
    std::set<std::string> names;
    for (const GemmKernel& kernel : kernel_catalogue()) {
        for (const testing::TypeChoice& types : type_choices) {
            const CtaResources cta = GemmPlan(problem_of(512, 512, 512, sparsity, types), kernel).resources();
            EXPECT_LE(cta.registers_per_thread, sm.maximum_registers_per_thread) << kernel.name;
            if (resident_ctas(cta, sm).ctas == 0) names.insert(kernel.name);
        }
    }
    return names;
}

TEST(KernelCatalogue, EveryKernelFitsAnA100SmDense) {
    EXPECT_THAT(kernels_that_do_not_fit(Sparsity::dense), ::testing::IsEmpty());
}

TEST(KernelCatalogue, EveryKernelFitsAnA100SmSparseButTheOneWhoseStagesNeedOneKibibyteTooMuch) {
    // 4 stages of 128 rows x 64 B (A), 256 columns x 128 B (B) and 1 KiB (metadata) are 164 KiB; a CTA can have 163.
    EXPECT_THAT(kernels_that_do_not_fit(Sparsity::two_four), ::testing::ElementsAre("128x256_s4"));
}

TEST(KernelNamed, FindsEveryKernelOfTheCatalogue) {
    for (const GemmKernel& kernel : kernel_catalogue()) EXPECT_EQ(&kernel_named(kernel.name), &kernel);
}

TEST(KernelNamed, NamesTheNearestForAnUnknownOne) {
    EXPECT_THAT(message_of([] { kernel_named("128x128_s5"); }), HasSubstr("128x128_s4"));
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
}

TEST(InstructionFor, RefusesTypesThatNoInstructionCombines) {
    using enum ElementType;
    EXPECT_THROW(instruction_for(problem_of(1, 1, 32, Sparsity::dense, {bf16, bf16, bf16})), InputError);
    EXPECT_THROW(instruction_for(problem_of(1, 1, 32, Sparsity::dense, {f32, f32, f32})), InputError);
    EXPECT_THROW(instruction_for(problem_of(1, 1, 32, Sparsity::dense, {f16, f32, bf16})), InputError);
}

TEST(CheckAlignment, AcceptsExactlyTheMultiplesOfSixteenBytesOfARow) {
    for (std::uint64_t k = 1; k <= 256; ++k) {
        const auto is_legal = [&](Sparsity sparsity) {
            try {
                check_alignment(problem_of(16, 16, k, sparsity));
                return true;
            } catch (const InputError&) {
                return false;
            }
        };
        EXPECT_EQ(is_legal(Sparsity::dense), k % 8 == 0) << k;
        EXPECT_EQ(is_legal(Sparsity::two_four), k % 16 == 0) << k << ": compressed rows are half as long";
    }
}

TEST(CheckAlignment, NamesTheNearestLegalSizes) {
    EXPECT_THAT(message_of([] { check_alignment(problem_of(16, 16, 100)); }), HasSubstr("96 or 104"));
    EXPECT_THAT(message_of([] { check_alignment(problem_of(16, 16, 3)); }), HasSubstr("nearest: 8"));
    EXPECT_THAT(message_of([] { check_alignment(problem_of(16, 16, 200, Sparsity::two_four)); }),
                HasSubstr("192 or 208"));
    EXPECT_THAT(message_of([] { GemmPlan(problem_of(16, 16, 7), kernel_named("64x64_s3")); }), HasSubstr("nearest: 8"));
}

}  // namespace
}  // namespace stcsim
