/// Serial split-K and Stream-K: what the CTAs of the one launch do together, counted without a machine.
#include <algorithm>
#include <bit>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "kernel/gemm_stream.h"
#include "kernel/gemm_work.h"
#include "numerics/float_format.h"
#include "random_problems.h"
#include "walked_stream.h"

namespace stcsim {
namespace {

using testing::any_kernel;
using testing::any_number;
using testing::any_problem;
using testing::count_of;
using testing::walk_cta;

GemmKernel any_waiting_kernel() {
    GemmKernel kernel = any_kernel();
    if (any_number(2) == 1) {
        kernel.decomposition = Decomposition::serial;
        kernel.k_slices = static_cast<std::uint32_t>(1 + any_number(7));
    } else {
        kernel.decomposition = Decomposition::stream_k;
        kernel.stream_ctas = static_cast<std::uint32_t>(any_number(9));
    }
    return kernel;
}

/// A problem that the kernel can run.
GemmProblem any_problem_for(const GemmKernel& kernel) {
    GemmProblem problem = any_problem(80, 80, 300);
    RC_PRE(bits_of(problem.accumulator) == 32U);
    RC_PRE(kernel.decomposition != Decomposition::serial || is_float(problem.accumulator) ||
           problem.output == problem.accumulator);
    return problem;
}

/// All warps of all CTAs, in launch order: what a CTA waits for has been raised then.
std::vector<std::vector<WarpInstruction>> walk_launch(GemmStream& stream) {
    std::vector<std::vector<WarpInstruction>> warps;
    for (std::uint64_t cta = 0; cta < stream.ctas(); ++cta) {
        for (auto& warp : walk_cta(stream, CtaIndex(cta))) warps.push_back(std::move(warp));
    }
    return warps;
}

RC_GTEST_PROP(WaitingKernels, MultiplyWhatTheyWouldMultiplyUndivided, ()) {
    const GemmKernel kernel = any_waiting_kernel();
    const GemmProblem problem = any_problem_for(kernel);
    GemmKernel undivided = kernel;
    undivided.decomposition = Decomposition::parallel;
    undivided.k_slices = 1;
    const auto multiplications = [&](const GemmKernel& one) {
        GemmStream stream(GemmPlan(problem, one), false);
        std::size_t count = 0;
        for (const auto& warp : walk_launch(stream)) count += count_of(warp, OperationClass::mma);
        return count;
    };
    RC_ASSERT(multiplications(kernel) == multiplications(undivided));
}

/// By address: how often an element is stored.
using Touched = std::map<std::uint64_t, std::uint64_t>;

void touch(Touched& touched, const LaneAccess& access, std::uint64_t first, std::uint64_t bytes, std::uint64_t grain) {
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        if (!access.is_active(lane) || access.address(lane) < first || access.address(lane) >= first + bytes) continue;
        for (std::uint64_t byte = 0; byte < access.bytes_per_lane; byte += grain)
            ++touched[access.address(lane) + byte];
    }
}

RC_GTEST_PROP(WaitingKernels, StoreEveryElementOfDOncePerSliceAndReadWhatTheyHaveStored, ()) {
    const GemmKernel kernel = any_waiting_kernel();
    GemmStream stream(GemmPlan(any_problem_for(kernel), kernel), false);
    const GemmPlan& plan = stream.plan();
    const std::uint64_t d_bytes = plan.d_bytes() * plan.problem().batch;
    const std::uint64_t workspace_bytes = plan.multiplying_ctas() * plan.workspace_bytes();
    Touched stored, loaded, shared, added;
    for (const auto& warp : walk_launch(stream)) {
        for (const WarpInstruction& i : warp) {
            const bool loads = i.operation == OperationClass::load_global;
            if (!loads && i.operation != OperationClass::store_global) continue;
            touch(loads ? loaded : stored, i.global, plan.addresses().d, d_bytes, plan.output_bytes());
            if (plan.stream_k()) {
                touch(loads ? added : shared, i.global, plan.addresses().workspace, workspace_bytes, 4);
            }
        }
    }
    Touched every_element, every_sum;
    for (std::uint64_t byte = 0; byte < d_bytes; byte += plan.output_bytes()) {
        every_element[plan.addresses().d + byte] = plan.slices();
        if (plan.slices() > 1) every_sum[plan.addresses().d + byte] = plan.slices() - 1;
    }
    RC_ASSERT(stored == every_element);
    RC_ASSERT(loaded == every_sum);
    RC_ASSERT(shared == added);
    for (const auto& [address, times] : shared) RC_ASSERT(times == 1U);
}

RC_GTEST_PROP(WaitingKernels, TellAtTheGrainOfKTilesWhatTheirInstructionsReadAndWrite, ()) {
    const GemmKernel kernel = any_waiting_kernel();
    GemmStream stream(GemmPlan(any_problem_for(kernel), kernel), false);
    const GemmPlan& plan = stream.plan();
    RC_PRE(plan.waits());
    std::uint64_t read = 0, written = 0, loaded = 0, stored = 0;
    for (std::uint64_t cta = 0; cta < plan.ctas(); ++cta) {
        for (const WorkSegment& segment : work_of(plan, CtaIndex(cta))) {
            for (std::uint64_t k_tile = 0; k_tile < segment.k_tiles; ++k_tile) {
                for (const MatrixBlock& block : blocks_read(plan, segment, k_tile)) {
                    read += std::uint64_t{block.rows} * block.bytes;
                }
            }
            for (std::uint64_t i = 0; i < segment.peers; ++i) {
                const MatrixBlock block = peer_block_read(plan, segment, i);
                read += std::uint64_t{block.rows} * block.bytes;
            }
            const MatrixBlock block = block_written(plan, segment);
            written += std::uint64_t{block.rows} * block.bytes;
        }
    }
    const std::uint64_t semaphores = plan.addresses().semaphores;
    for (const auto& warp : walk_launch(stream)) {
        for (const WarpInstruction& i : warp) {
            const std::uint64_t bytes =
                std::uint64_t{static_cast<unsigned>(std::popcount(i.global.active))} * i.global.bytes_per_lane;
            const bool semaphore = i.global.base >= semaphores && i.global.base < semaphores + plan.semaphores() * 4;
            if (i.global.active == 0 || semaphore) continue;
            (i.operation == OperationClass::store_global ? stored : loaded) += bytes;
        }
    }
    RC_ASSERT(read == loaded);
    RC_ASSERT(written == stored);
}

/// The instructions of a warp up to the first of this class, at most `most`.
std::vector<WarpInstruction> up_to(WarpStream& stream, OperationClass last, std::size_t most) {
    std::vector<WarpInstruction> instructions;
    while (instructions.size() < most && (instructions.empty() || instructions.back().operation != last)) {
        instructions.emplace_back();
        stream.next(Cycle(instructions.size()), instructions.back());
        stream.issued(Cycle(instructions.size()), {});
    }
    return instructions;
}

TEST(SerialSplitK, PollsUntilTheSliceBeforeHasStoredAndLoadsDOnlyThen) {
    const GemmProblem problem = testing::problem_of(64, 64, 128);
    GemmStream stream(GemmPlan(problem, kernel_named("64x64_s2_serial2")), false);
    ASSERT_EQ(stream.ctas(), 2U);
    const auto waiting = stream.start_warp(CtaIndex(1), 0);
    const std::size_t many = 5000;
    const auto polling = up_to(*waiting, OperationClass::store_global, many);
    ASSERT_EQ(polling.size(), many) << "nothing is stored before the semaphore is raised";
    const std::uint64_t semaphore = stream.plan().addresses().semaphores;
    std::size_t polls = 0;
    for (const WarpInstruction& i : polling) {
        if (i.operation != OperationClass::load_global) continue;
        EXPECT_EQ(i.global.base, semaphore);
        ++polls;
    }
    EXPECT_GT(polls, many / 4);
    walk_cta(stream, CtaIndex(0));
    const auto storing = up_to(*waiting, OperationClass::store_global, many);
    EXPECT_EQ(storing.back().operation, OperationClass::store_global);
    EXPECT_GT(count_of(storing, OperationClass::barrier), 0U) << "the other warps follow through a barrier";
}

TEST(SerialSplitK, RaisesItsSemaphoreBehindAFenceOfEveryWarpAndABarrier) {
    GemmStream stream(GemmPlan(testing::problem_of(64, 64, 128), kernel_named("64x64_s2_serial2")), false);
    std::size_t raised = 0;
    for (const auto& warp : walk_cta(stream, CtaIndex(0))) {
        const auto fence = std::ranges::find(warp, OperationClass::fence, &WarpInstruction::operation);
        ASSERT_NE(fence, warp.end());
        EXPECT_EQ((fence + 1)->operation, OperationClass::barrier);
        EXPECT_EQ((fence + 1)->a.first, fence->destination.first) << "the barrier waits for the fence";
        if ((fence + 2)->operation == OperationClass::store_global) ++raised;
    }
    EXPECT_EQ(raised, 1U);
}

TEST(WaitingKernels, NeedAccumulatorsOf32BitsAndSerialOnesADThatKeepsThem) {
    using enum ElementType;
    const testing::TypeChoice halves{f16, f16, f16};
    for (const char* const name : {"64x64_s3_serial4", "64x64_s3_stream4"}) {
        EXPECT_NO_THROW(GemmPlan(testing::problem_of(64, 64, 512), kernel_named(name)));
        EXPECT_THROW(GemmPlan(testing::problem_of(64, 64, 512, Sparsity::dense, halves), kernel_named(name)),
                     InputError);
    }
    const GemmProblem bytes = testing::problem_of(64, 64, 512, Sparsity::dense, {s8, s32, s8});
    EXPECT_THROW(GemmPlan(bytes, kernel_named("64x64_s3_serial4")), InputError);
    EXPECT_NO_THROW(GemmPlan(bytes, kernel_named("64x64_s3_stream4")));
}

}  // namespace
}  // namespace stcsim
