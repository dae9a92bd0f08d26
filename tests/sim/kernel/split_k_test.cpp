/// Split-K: what the two launches do together.
#include <algorithm>
#include <bit>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "kernel/gemm_stream.h"
#include "kernel/gemm_work.h"
#include "random_problems.h"
#include "walked_stream.h"

namespace stcsim {
namespace {

using testing::any_kernel;
using testing::any_number;
using testing::any_problem;
using testing::count_of;
using testing::walk_cta;

GemmKernel any_splitting_kernel() {
    GemmKernel kernel = any_kernel();
    kernel.k_slices = static_cast<std::uint32_t>(1 + any_number(7));
    return kernel;
}

GemmProblem any_splittable_problem(std::uint64_t most_mn, std::uint64_t most_k) {
    GemmProblem problem = any_problem(most_mn, most_mn, most_k);
    RC_PRE(bits_of(problem.accumulator) == 32U);
    return problem;
}

RC_GTEST_PROP(SplitK, SlicesPartTheKTilesEvenly, ()) {
    const GemmPlan plan(any_splittable_problem(100, 3000), any_splitting_kernel());
    std::uint64_t next = 0;
    for (std::uint64_t i = 0; i < plan.slices(); ++i) {
        const KSlice slice = plan.slice(i);
        RC_ASSERT(slice.first == next);
        RC_ASSERT(slice.count >= 1U);
        RC_ASSERT(slice.count <= plan.slice(plan.slices() - 1).count + 1);
        next += slice.count;
    }
    RC_ASSERT(next == plan.k_tiles());
}

RC_GTEST_PROP(SplitK, MultipliesWhatItWouldMultiplyUnsplit, ()) {
    const GemmProblem problem = any_splittable_problem(150, 400);
    const GemmKernel kernel = any_splitting_kernel();
    GemmKernel unsplit = kernel;
    unsplit.k_slices = 1;
    const auto multiplications = [&](const GemmKernel& one) {
        GemmStream stream(GemmPlan(problem, one), false);
        std::size_t count = 0;
        for (std::uint64_t cta = 0; cta < stream.ctas(); ++cta) {
            for (const auto& warp : walk_cta(stream, CtaIndex(cta))) count += count_of(warp, OperationClass::mma);
        }
        return count;
    };
    RC_ASSERT(multiplications(kernel) == multiplications(unsplit));
}

/// How often bytes are touched, by 4 bytes or, for D, by an element.
using Touched = std::map<std::uint64_t, std::uint32_t>;

void touch(Touched& touched, const LaneAccess& access, std::uint64_t grain) {
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        for (std::uint64_t byte = 0; access.is_active(lane) && byte < access.bytes_per_lane; byte += grain) {
            ++touched[access.address(lane) + byte];
        }
    }
}

Touched once(std::uint64_t first, std::uint64_t bytes, std::uint64_t grain) {
    Touched touched;
    for (std::uint64_t byte = 0; byte < bytes; byte += grain) touched[first + byte] = 1;
    return touched;
}

RC_GTEST_PROP(SplitK, WritesAndReadsEveryPartialSumOnceAndStoresEveryElementOfDOnce, ()) {
    GemmStream stream(GemmPlan(any_splittable_problem(90, 300), any_splitting_kernel()), false);
    const GemmPlan& plan = stream.plan();
    RC_PRE(plan.split());
    const std::uint64_t element = bits_of(plan.problem().output) / 8;
    Touched written, read, stored;
    for (std::uint64_t cta = 0; cta < stream.ctas(); ++cta) {
        const bool second = CtaIndex(cta) >= stream.second_launch();
        for (const auto& warp : walk_cta(stream, CtaIndex(cta))) {
            for (const WarpInstruction& i : warp) {
                if (i.operation == OperationClass::load_global) touch(read, i.global, 4);
                if (i.operation != OperationClass::store_global) continue;
                touch(second ? stored : written, i.global, second ? element : 4);
            }
        }
    }
    const Touched partials = once(plan.addresses().d, plan.d_bytes() * plan.slices() * plan.problem().batch, 4);
    RC_ASSERT(written == partials);
    RC_ASSERT(read == partials);
    RC_ASSERT(stored == once(plan.addresses().result, plan.result_bytes() * plan.problem().batch, element));
}

RC_GTEST_PROP(SplitK, TellsAtTheGrainOfKTilesWhatItsInstructionsReadAndWrite, ()) {
    GemmStream stream(GemmPlan(any_splittable_problem(90, 300), any_splitting_kernel()), false);
    const GemmPlan& plan = stream.plan();
    const CtaIndex cta = testing::any_cta(plan.ctas());
    std::uint64_t read = 0, written = 0, loaded = 0, stored = 0;
    for (const WorkSegment& segment : work_of(plan, cta)) {
        RC_ASSERT(segment.reduces == (cta >= stream.second_launch()));
        for (std::uint64_t k_tile = 0; k_tile < segment.k_tiles; ++k_tile) {
            for (const MatrixBlock& block : blocks_read(plan, segment, k_tile)) {
                read += std::uint64_t{block.rows} * block.bytes;
            }
        }
        const MatrixBlock block = block_written(plan, segment);
        written += std::uint64_t{block.rows} * block.bytes;
    }
    for (const auto& warp : walk_cta(stream, cta)) {
        for (const WarpInstruction& i : warp) {
            const std::uint64_t bytes =
                std::uint64_t{static_cast<unsigned>(std::popcount(i.global.active))} * i.global.bytes_per_lane;
            (i.operation == OperationClass::store_global ? stored : loaded) += bytes;
        }
    }
    RC_ASSERT(read == loaded);
    RC_ASSERT(written == stored);
}

TEST(SplitK, NeedsAccumulatorsOf32Bits) {
    using enum ElementType;
    const GemmKernel kernel = kernel_named("64x64_s3_k4");
    EXPECT_NO_THROW(GemmPlan(testing::problem_of(64, 64, 512), kernel));
    EXPECT_THROW(GemmPlan(testing::problem_of(64, 64, 512, Sparsity::dense, {f16, f16, f16}), kernel), InputError);
}

}  // namespace
}  // namespace stcsim
