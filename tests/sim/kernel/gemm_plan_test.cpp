#include "kernel/gemm_plan.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "random_problems.h"

namespace stcsim {
namespace {

using testing::any_kernel;
using testing::any_problem;
using testing::problem_of;

RC_GTEST_PROP(GemmPlan, LaunchOrderVisitsEveryTileExactlyOnce, ()) {
    const GemmPlan plan(any_problem(4000, 4000, 64), any_kernel());
    std::set<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>> tiles;
    for (std::uint64_t cta = 0; cta < plan.ctas(); ++cta) {
        const TileCoordinate tile = plan.tile_of(CtaIndex(cta));
        RC_ASSERT(tile.batch < plan.problem().batch);
        RC_ASSERT(tile.row < plan.tile_rows());
        RC_ASSERT(tile.column < plan.tile_columns());
        tiles.emplace(tile.batch, tile.row, tile.column);
    }
    RC_ASSERT(tiles.size() == plan.ctas());
}

TEST(GemmPlan, WalksStripsOfColumnsRowByRowAndStripsOfRowsColumnByColumn) {
    const auto first_tiles = [](const char* kernel) {
        const GemmPlan plan(problem_of(3 * 64, 3 * 64, 64), kernel_named(kernel));
        std::string tiles;
        for (std::uint64_t cta = 0; cta < 9; ++cta) {
            const TileCoordinate tile = plan.tile_of(CtaIndex(cta));
            tiles += std::to_string(tile.row) + std::to_string(tile.column) + " ";
        }
        return tiles;
    };
    EXPECT_EQ(first_tiles("64x64_s3_c1"), "00 10 20 01 11 21 02 12 22 ");
    EXPECT_EQ(first_tiles("64x64_s3_c2"), "00 01 10 11 20 21 02 12 22 ");
    EXPECT_EQ(first_tiles("64x64_s3_r1"), "00 01 02 10 11 12 20 21 22 ");
    EXPECT_EQ(first_tiles("64x64_s3_r2"), "00 10 01 11 02 12 20 21 22 ");
    EXPECT_EQ(first_tiles("64x64_s3"), first_tiles("64x64_s3_c8"));
}

TEST(GemmPlan, ASparseBIsTheFirstOperandOfTheTransposedProduct) {
    GemmProblem problem = problem_of(64, 256, 512, Sparsity::two_four);
    problem.sparse_operand = SparseOperand::b;
    const GemmPlan plan(problem, kernel_named("128x64_s3"));
    EXPECT_TRUE(plan.transposed());
    EXPECT_EQ(plan.rows(), 256U);
    EXPECT_EQ(plan.columns(), 64U);
    EXPECT_EQ(plan.tile_rows(), 2U);
    EXPECT_EQ(plan.a_bytes(), 256U * 512 * 2 / 2) << "compressed";
    EXPECT_EQ(plan.b_bytes(), 64U * 512 * 2);
    EXPECT_EQ(plan.d_row_bytes(), 256U * 2) << "D stays row-major m x n";
    EXPECT_EQ(plan.d_offset(3, 5), 5U * 256 * 2 + 3 * 2);
    problem.sparsity = Sparsity::dense;
    EXPECT_FALSE(GemmPlan(problem, kernel_named("128x64_s3")).transposed()) << "dense needs no transposition";
}

RC_GTEST_PROP(GemmPlan, TilesCoverTheProblemWithoutAnEmptyOne, ()) {
    const GemmProblem problem = any_problem(4000, 4000, 4000);
    const GemmPlan plan(problem, any_kernel());
    const auto covers = [](std::uint64_t tiles, std::uint64_t tile, std::uint64_t size) {
        return tiles * tile >= size && (tiles - 1) * tile < size;
    };
    RC_ASSERT(covers(plan.tile_rows(), plan.kernel().tile_m, plan.rows()));
    RC_ASSERT(covers(plan.tile_columns(), plan.kernel().tile_n, plan.columns()));
    RC_ASSERT(covers(plan.k_tiles(), plan.tile_k(), problem.k));
    RC_ASSERT(plan.padded_k() == plan.k_tiles() * plan.tile_k());
}

RC_GTEST_PROP(GemmPlan, OperandsLieApartAndAligned, ()) {
    const GemmProblem problem = any_problem(3000, 3000, 3000);
    const GemmPlan plan(problem, any_kernel());
    const OperandAddresses& at = plan.addresses();
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges{
        {at.a, plan.a_bytes()}, {at.b, plan.b_bytes()}, {at.d, plan.d_bytes()}};
    if (plan.sparse()) ranges.emplace_back(at.e, plan.e_bytes());
    std::ranges::sort(ranges);
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        RC_ASSERT(ranges[i].first % 256 == 0U);
        RC_ASSERT(ranges[i].second > 0U);
        if (i > 0) RC_ASSERT(ranges[i - 1].first + ranges[i - 1].second * problem.batch <= ranges[i].first);
    }
    RC_ASSERT(plan.a_row_bytes() % 16 == 0U);
    RC_ASSERT(plan.b_row_bytes() % 16 == 0U);
}

TEST(GemmPlan, SparseOperandsHaveHalfOfAAndTwoBitsOfMetadataPerKeptValue) {
    const GemmKernel kernel = kernel_named("128x128_s3");
    const GemmPlan dense(problem_of(256, 384, 512), kernel);
    const GemmPlan sparse(problem_of(256, 384, 512, Sparsity::two_four), kernel);
    EXPECT_EQ(dense.a_bytes(), 256U * 512 * 2);
    EXPECT_EQ(sparse.a_bytes(), dense.a_bytes() / 2);
    EXPECT_EQ(sparse.b_bytes(), dense.b_bytes());
    EXPECT_EQ(dense.e_bytes(), 0U);
    EXPECT_EQ(sparse.e_bytes(), 256U * 256 * 2 / 8);
    EXPECT_EQ(sparse.d_bytes(), 256U * 384 * 2);
}

TEST(GemmPlan, KTilesAreWhatAStagesBytesHold) {
    using enum ElementType;
    const auto tile_k = [](const char* kernel, Sparsity sparsity, const testing::TypeChoice& types) {
        return GemmPlan(problem_of(128, 128, 512, sparsity, types), kernel_named(kernel)).tile_k();
    };
    EXPECT_EQ(tile_k("128x128x32_s3", Sparsity::dense, {f16, f32, f16}), 32U);
    EXPECT_EQ(tile_k("128x128x64_s3", Sparsity::dense, {f16, f32, f16}), 64U);
    EXPECT_EQ(tile_k("128x128x32_s3", Sparsity::two_four, {f16, f32, f16}), 64U) << "half of it is stored";
    EXPECT_EQ(tile_k("128x128x64_s3", Sparsity::two_four, {f16, f32, f16}), 128U);
    EXPECT_EQ(tile_k("128x128x32_s3", Sparsity::dense, {s8, s32, s8}), 64U);
    EXPECT_EQ(tile_k("128x128x64_s3", Sparsity::two_four, {s8, s32, s8}), 256U);
    EXPECT_EQ(tile_k("128x128x32_s3", Sparsity::dense, {tf32, f32, f32}), 16U);
}

TEST(GemmPlan, MetadataIsTwoBitsPerKeptValueWhateverTheType) {
    for (const testing::TypeChoice& types : testing::type_choices) {
        const GemmPlan plan(problem_of(256, 256, 1024, Sparsity::two_four, types), kernel_named("128x128x64_s2"));
        // A nibble per group of four 16-bit halves: tf32 counts as two.
        const std::uint64_t bits = types.input == ElementType::tf32 ? 4 : 2;
        EXPECT_EQ(plan.e_bytes() * 8, plan.problem().m * plan.problem().k / 2 * bits);
    }
}

TEST(GemmPlan, TheSparse128x128KernelUsesTheRegistersOfItsFragments) {
    // 128 accumulators, two sets of 16 (A) + 32 (B) + 2 (metadata) registers, and 24 working registers.
    const GemmPlan plan(problem_of(128, 128, 512, Sparsity::two_four), kernel_named("128x128_s4"));
    EXPECT_EQ(plan.resources().registers_per_thread, 128U + 2 * (16 + 32 + 2) + 24);
    EXPECT_EQ(plan.resources().shared_memory, Bytes(4 * (128 * 64 + 128 * 128 + 128 * 64 / 8)));
}

RC_GTEST_PROP(GemmPlan, SharersAreTheConcurrentCtasOverTheTileRowsAndColumnsTheyTouch, ()) {
    const GemmPlan plan(any_problem(3000, 3000, 64), any_kernel());
    const std::uint64_t sms = testing::any_number(108);
    const SharedRegions regions = plan.sharing(sms, 1);
    const double together = static_cast<double>(std::min(sms, plan.ctas()));
    RC_ASSERT(regions.size() == 3U);
    for (const SharedRegion& region : regions) {
        RC_ASSERT(region.sharers >= 1.0);
        RC_ASSERT(region.sharers <= together);
    }
    // A row and a column of tiles meet in one tile: no fewer distinct pairs than CTAs.
    RC_ASSERT((together / regions[0].sharers) * (together / regions[1].sharers) >= together - 1e-6);
}

}  // namespace
}  // namespace stcsim
