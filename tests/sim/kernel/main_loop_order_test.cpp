/// The multistage pipeline as a protocol: no warp reads a stage before it is filled or overwrites one that is read.
#include <algorithm>
#include <limits>

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
using testing::count_of;
using testing::walk_cta;

/// What one warp does to stages, in barrier epochs: an epoch is the number of barriers the warp has passed.
struct StageUse {
    std::vector<std::uint64_t> complete;     ///< by barrier: k-tiles whose own copies are known complete before it
    std::vector<std::uint64_t> first_read;   ///< by k-tile: epoch of the first ldmatrix
    std::vector<std::uint64_t> last_read;    ///< by k-tile
    std::vector<std::uint64_t> first_write;  ///< by k-tile: epoch of the first cp.async
};

StageUse stage_use(const GemmPlan& plan, const std::vector<WarpInstruction>& warp) {
    constexpr std::uint64_t unread = std::numeric_limits<std::uint64_t>::max();
    StageUse use;
    use.first_read.assign(plan.k_tiles(), unread);
    use.last_read.assign(plan.k_tiles(), 0);
    use.first_write.assign(plan.k_tiles(), unread);
    const std::uint64_t multiplications = count_of(warp, OperationClass::mma) / plan.k_tiles();
    std::uint64_t multiplied = 0;
    std::uint64_t committed = 0;
    std::uint64_t complete = 0;
    for (const WarpInstruction& i : warp) {
        const std::uint64_t epoch = use.complete.size();
        if (i.operation == OperationClass::mma) ++multiplied;
        if (i.operation == OperationClass::commit_group) ++committed;
        if (i.operation == OperationClass::wait_group) {
            complete = committed - std::min<std::uint64_t>(committed, i.pending_groups);
        }
        if (i.operation == OperationClass::barrier) use.complete.push_back(complete);
        if (i.operation == OperationClass::copy_async) {
            use.first_write[committed] = std::min(use.first_write[committed], epoch);
        }
        if (i.operation == OperationClass::load_matrix) {
            // The k-tile being computed or the next one: they lie in different stages.
            std::uint64_t k_tile = multiplied / multiplications;
            if (i.shared.base != k_tile % plan.kernel().stages * plan.stage_bytes()) ++k_tile;
            RC_ASSERT(i.shared.base == k_tile % plan.kernel().stages * plan.stage_bytes());
            RC_ASSERT(k_tile < plan.k_tiles());
            use.first_read[k_tile] = std::min(use.first_read[k_tile], epoch);
            use.last_read[k_tile] = std::max(use.last_read[k_tile], epoch);
        }
    }
    return use;
}

/// The k-tiles whose copies by every warp are complete once the warps have passed `barriers` barriers.
std::uint64_t filled_after(const std::vector<StageUse>& warps, std::uint64_t barriers) {
    std::uint64_t filled = barriers == 0 ? 0 : std::numeric_limits<std::uint64_t>::max();
    for (const StageUse& warp : warps) {
        if (barriers > 0) filled = std::min(filled, warp.complete[barriers - 1]);
    }
    return filled;
}

std::vector<StageUse> use_of_cta(GemmStream& stream, CtaIndex cta) {
    std::vector<StageUse> uses;
    for (const auto& warp : walk_cta(stream, cta)) uses.push_back(stage_use(stream.plan(), warp));
    return uses;
}

RC_GTEST_PROP(MainLoop, ReadsAStageOnlyAfterEveryWarpSawItsCopiesComplete, ()) {
    GemmStream stream(GemmPlan(any_problem(300, 300, 500), any_kernel()), false);
    const auto warps = use_of_cta(stream, any_cta(stream.ctas()));
    for (const StageUse& warp : warps) {
        for (std::uint64_t k_tile = 0; k_tile < stream.plan().k_tiles(); ++k_tile) {
            RC_ASSERT(warp.first_read[k_tile] <= warp.complete.size());
            RC_ASSERT(filled_after(warps, warp.first_read[k_tile]) > k_tile);
        }
    }
}

RC_GTEST_PROP(MainLoop, OverwritesAStageOnlyAfterABarrierBehindItsLastRead, ()) {
    GemmStream stream(GemmPlan(any_problem(300, 300, 900), any_kernel()), false);
    const std::uint64_t stages = stream.plan().kernel().stages;
    const auto warps = use_of_cta(stream, any_cta(stream.ctas()));
    for (const StageUse& writer : warps) {
        for (std::uint64_t k_tile = stages; k_tile < stream.plan().k_tiles(); ++k_tile) {
            for (const StageUse& reader : warps) {
                RC_ASSERT(writer.first_write[k_tile] > reader.last_read[k_tile - stages]);
            }
        }
    }
}

RC_GTEST_PROP(MainLoop, KeepsAllWarpsOfACtaInStep, ()) {
    GemmStream stream(GemmPlan(any_problem(300, 300, 500), any_kernel()), false);
    const GemmPlan& plan = stream.plan();
    const auto warps = walk_cta(stream, any_cta(stream.ctas()));
    for (const auto& warp : warps) {
        RC_ASSERT(count_of(warp, OperationClass::barrier) == plan.k_tiles() + 2);
        RC_ASSERT(count_of(warp, OperationClass::commit_group) == plan.k_tiles() + plan.kernel().stages - 1);
        RC_ASSERT(count_of(warp, OperationClass::wait_group) == plan.k_tiles() + 1);
        RC_ASSERT(count_of(warp, OperationClass::exit) == 1U);
    }
}

RC_GTEST_PROP(MainLoop, ReusesTheStagesForDOnlyAfterABarrierBehindTheLastFragmentLoad, ()) {
    GemmStream stream(GemmPlan(any_problem(300, 300, 300), any_kernel()), false);
    for (const auto& warp : walk_cta(stream, CtaIndex(0))) {
        std::size_t last_load = 0;
        std::size_t last_barrier = 0;
        std::size_t first_store = warp.size();
        for (std::size_t i = 0; i < warp.size(); ++i) {
            if (warp[i].operation == OperationClass::load_matrix) last_load = i;
            if (warp[i].operation == OperationClass::barrier) last_barrier = i;
            if (warp[i].operation == OperationClass::store_shared) first_store = std::min(first_store, i);
        }
        RC_ASSERT(last_load < last_barrier);
        RC_ASSERT(last_barrier < first_store);
    }
}

}  // namespace
}  // namespace stcsim
