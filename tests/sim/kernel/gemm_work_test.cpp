/// The work at the grain of k-tiles is the instruction stream's work.
#include "kernel/gemm_work.h"

#include <array>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kernel/gemm_stream.h"
#include "random_problems.h"
#include "walked_stream.h"

namespace stcsim {
namespace {

using testing::any_cta;
using testing::any_kernel;
using testing::any_problem;
using testing::walk_cta;

constexpr std::uint64_t copy_grain = 4;  ///< bytes: the smallest cp.async

void insert(std::multiset<std::uint64_t>& addresses, const MatrixBlock& block, std::uint64_t grain) {
    for (std::uint64_t row = 0; row < block.rows; ++row) {
        for (std::uint64_t byte = 0; byte < block.bytes; byte += grain) {
            addresses.insert(block.address + row * block.pitch + byte);
        }
    }
}

void insert(std::multiset<std::uint64_t>& addresses, const LaneAccess& access, std::uint64_t grain) {
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        if (!access.is_active(lane)) continue;
        for (std::uint64_t byte = 0; byte < access.bytes_per_lane; byte += grain) {
            addresses.insert(access.address(lane) + byte);
        }
    }
}

RC_GTEST_PROP(GemmWork, ReadsAndWritesWhatTheInstructionStreamReadsAndWrites, ()) {
    const GemmPlan plan(any_problem(600, 600, 400), any_kernel());
    const CtaIndex cta = any_cta(plan.ctas());
    std::multiset<std::uint64_t> read, written;
    for (const WorkSegment& segment : work_of(plan, cta)) {
        for (std::uint64_t k_tile = 0; k_tile < segment.k_tiles; ++k_tile) {
            for (const MatrixBlock& block : blocks_read(plan, segment, k_tile)) insert(read, block, copy_grain);
        }
        insert(written, block_written(plan, segment), plan.output_bytes());
    }
    GemmStream stream(plan, false);
    std::multiset<std::uint64_t> copied, stored;
    for (const auto& warp : walk_cta(stream, cta)) {
        for (const WarpInstruction& instruction : warp) {
            if (instruction.operation == OperationClass::copy_async) insert(copied, instruction.global, copy_grain);
            if (instruction.operation == OperationClass::store_global) {
                insert(stored, instruction.global, plan.output_bytes());
            }
        }
    }
    RC_ASSERT(read == copied);
    RC_ASSERT(std::set(written.begin(), written.end()) == std::set(stored.begin(), stored.end()));
}

}  // namespace
}  // namespace stcsim
