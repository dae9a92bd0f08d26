#include "kernel/shared_layout.h"

#include <set>

#include <gtest/gtest.h>

#include "gpu/gpu_description.h"
#include "kernel/gemm_stream.h"
#include "random_problems.h"
#include "sm/bank_conflicts.h"
#include "walked_stream.h"

namespace stcsim {
namespace {

using testing::problem_of;
using testing::type_choices;

constexpr std::uint32_t line_bytes = 128;

class SwizzledOffset : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(SwizzledOffset, GivesEveryChunkOfATileAPlaceOfItsOwnWithinTheTile) {
    const std::uint32_t chunks_per_row = GetParam();
    constexpr std::uint32_t rows = 256;
    std::set<std::uint32_t> places;
    for (std::uint32_t row = 0; row < rows; ++row) {
        for (std::uint32_t chunk = 0; chunk < chunks_per_row; ++chunk) {
            const std::uint32_t offset = swizzled_offset(row, chunk, chunks_per_row);
            EXPECT_EQ(offset % chunk_bytes, 0U);
            EXPECT_LT(offset, rows * chunks_per_row * chunk_bytes);
            places.insert(offset);
        }
    }
    EXPECT_EQ(places.size(), rows * chunks_per_row);
}

TEST_P(SwizzledOffset, PutsEightConsecutiveRowsOfAMatrixIntoEightDifferentChunkColumns) {
    const std::uint32_t chunks_per_row = GetParam();
    for (std::uint32_t first = 0; first < 256; first += 8) {
        for (std::uint32_t chunk = 0; chunk < chunks_per_row; ++chunk) {
            std::set<std::uint32_t> columns;
            for (std::uint32_t row = first; row < first + 8; ++row) {
                columns.insert(swizzled_offset(row, chunk, chunks_per_row) % line_bytes / chunk_bytes);
            }
            EXPECT_EQ(columns.size(), 8U) << "rows from " << first << ", chunk " << chunk;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(RowsOf64To256Bytes, SwizzledOffset, ::testing::Values(4U, 8U, 16U));

/// Wavefronts that the bytes of the access need when no two lanes are in each other's way.
std::uint32_t least_wavefronts(const LaneAccess& access) {
    std::uint32_t lanes = 0;
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) lanes += access.is_active(lane) ? 1 : 0;
    return std::max(1U, ceil_divide(lanes * access.bytes_per_lane, line_bytes));
}

/// Conflict wavefronts of one operation class over all warps of a CTA. The problem has whole tiles and two k-tiles more
/// than stages, so that every stage is written and read.
std::uint32_t conflicts(const GemmKernel& kernel, Sparsity sparsity, const testing::TypeChoice& types,
                        OperationClass operation, SparseOperand sparse = SparseOperand::a) {
    const SharedMemoryParameters shared = load_gpu_description("a100-sxm4-40gb").parameters.sm.shared_memory;
    const GemmPlan one_tile(problem_of(kernel.tile_m, kernel.tile_n, 512, sparsity, types), kernel);
    GemmProblem problem = one_tile.problem();
    problem.sparse_operand = sparse;
    if (sparse == SparseOperand::b) std::swap(problem.m, problem.n);
    problem.k = std::uint64_t{kernel.stages + 2} * one_tile.tile_k();
    GemmStream stream(GemmPlan(problem, kernel), false);
    std::uint32_t beyond = 0;
    std::size_t seen = 0;
    for (const auto& warp : testing::walk_cta(stream, CtaIndex(0))) {
        for (const WarpInstruction& instruction : warp) {
            if (instruction.operation != operation) continue;
            beyond += shared_wavefronts(instruction.shared, shared) - least_wavefronts(instruction.shared);
            ++seen;
        }
    }
    EXPECT_GT(seen, 0U);
    return beyond;
}

TEST(BankConflicts, DoNotOccurInCopiesAndFragmentLoadsOfAnyKernel) {
    for (const GemmKernel& kernel : kernel_catalogue()) {
        for (const Sparsity sparsity : {Sparsity::dense, Sparsity::two_four}) {
            EXPECT_EQ(conflicts(kernel, sparsity, type_choices[0], OperationClass::copy_async), 0U) << kernel.name;
            EXPECT_EQ(conflicts(kernel, sparsity, type_choices[0], OperationClass::load_matrix), 0U) << kernel.name;
        }
    }
}

/// Bytes of a row of D in the exchange.
std::uint32_t exchanged_bytes(const GemmKernel& kernel, const testing::TypeChoice& types) {
    return kernel.warp_n * bits_of(types.output) / 8;
}

TEST(BankConflicts, DoNotOccurInTheStoresOfTheTransposedExchange) {
    for (const testing::TypeChoice& types : type_choices) {
        EXPECT_EQ(conflicts(kernel_named("128x128_s3"), Sparsity::two_four, types, OperationClass::store_shared,
                            SparseOperand::b),
                  0U);
    }
}

TEST(BankConflicts, DoNotOccurInTheExchangeOfDByWarpTilesWhoseRowsFillALine) {
    for (const GemmKernel& kernel : kernel_catalogue()) {
        for (const testing::TypeChoice& types : type_choices) {
            if (exchanged_bytes(kernel, types) < line_bytes) continue;
            EXPECT_EQ(conflicts(kernel, Sparsity::dense, types, OperationClass::store_shared), 0U) << kernel.name;
            EXPECT_EQ(conflicts(kernel, Sparsity::dense, types, OperationClass::load_shared), 0U) << kernel.name;
        }
    }
}

TEST(BankConflicts, OccurInTheExchangeOfShorterRowsAtMostOncePerAccess) {
    for (const GemmKernel& kernel : kernel_catalogue()) {
        for (const testing::TypeChoice& types : type_choices) {
            if (exchanged_bytes(kernel, types) >= line_bytes) continue;
            EXPECT_EQ(conflicts(kernel, Sparsity::dense, types, OperationClass::store_shared), 0U) << kernel.name;
            const std::uint32_t vectors = kernel.tile_m * kernel.tile_n * bits_of(types.output) / 8 / chunk_bytes;
            EXPECT_LE(conflicts(kernel, Sparsity::dense, types, OperationClass::load_shared), vectors / 8)
                << kernel.name;
        }
    }
}

}  // namespace
}  // namespace stcsim
