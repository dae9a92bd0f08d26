/// What the streams of all warps of all CTAs amount to, counted without a machine.
#include <algorithm>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kernel/gemm_stream.h"
#include "kernel/shared_layout.h"
#include "random_problems.h"
#include "walked_stream.h"

namespace stcsim {
namespace {

using testing::any_cta;
using testing::any_kernel;
using testing::any_problem;
using testing::count_of;
using testing::problem_of;
using testing::walk_cta;

using Warps = std::vector<std::vector<WarpInstruction>>;

/// mma of one warp for one k-tile.
std::size_t multiplications_per_k_tile(const GemmPlan& plan) {
    const MmaShape shape = plan.instruction().shape;
    return std::size_t{plan.kernel().warp_m / shape.m} * (plan.kernel().warp_n / shape.n) * (plan.tile_k() / shape.k);
}

/// Where a 16-byte chunk in shared memory must come from; nothing for zero-fill.
using Sources = std::map<std::uint64_t, std::optional<std::uint64_t>>;

/// Chunks of one operand's tile. `first_row` is the tile's first row of the matrix at `matrix`.
void expect_tile(Sources& sources, std::uint64_t shared, std::uint64_t matrix, std::uint64_t first_row,
                 std::uint64_t rows, std::uint32_t tile_rows, std::uint64_t row_bytes, std::uint32_t chunks,
                 std::uint64_t k_tile) {
    for (std::uint32_t row = 0; row < tile_rows; ++row) {
        for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
            const std::uint64_t in_row = (k_tile * chunks + chunk) * chunk_bytes;
            std::optional<std::uint64_t>& source = sources[shared + swizzled_offset(row, chunk, chunks)];
            if (first_row + row < rows && in_row < row_bytes) source = matrix + (first_row + row) * row_bytes + in_row;
        }
    }
}

/// What the stage of a k-tile must be filled with.
Sources expected_sources(const GemmPlan& plan, const TileCoordinate& tile, std::uint64_t k_tile) {
    const GemmKernel& kernel = plan.kernel();
    const std::uint64_t stage = k_tile % kernel.stages * plan.stage_bytes();
    Sources sources;
    expect_tile(sources, stage, plan.addresses().a + tile.batch * plan.a_bytes(), tile.row * kernel.tile_m, plan.rows(),
                kernel.tile_m, plan.a_row_bytes(), plan.a_chunks_per_row(), k_tile);
    expect_tile(sources, stage + plan.a_stage_bytes(), plan.addresses().b + tile.batch * plan.b_bytes(),
                tile.column * kernel.tile_n, plan.columns(), kernel.tile_n, plan.b_row_bytes(), plan.b_chunks_per_row(),
                k_tile);
    // Metadata: blocks of 128 bytes, [row block][block along k] in memory and in the stage.
    const ElementType input = plan.problem().input;
    const std::uint64_t blocks = plan.sparse() ? plan.tile_k() / metadata_block_columns(input) : 0;
    const std::uint64_t row_blocks = kernel.tile_m / metadata_block_rows(input);
    for (std::uint64_t i = 0; i < row_blocks * blocks * 8; ++i) {
        const std::uint64_t row_block = i / (8 * blocks);
        const std::uint64_t matrix_row_block = tile.row * row_blocks + row_block;
        sources[stage + plan.a_stage_bytes() + plan.b_stage_bytes() + i * chunk_bytes] =
            plan.addresses().e + tile.batch * plan.e_bytes() +
            ((matrix_row_block * plan.k_tiles() + k_tile) * blocks * 8 + i % (8 * blocks)) * chunk_bytes;
    }
    return sources;
}

/// The copies of a CTA by the group that they are committed in, which is the k-tile.
std::vector<std::vector<const WarpInstruction*>> copies_by_group(const Warps& warps) {
    std::vector<std::vector<const WarpInstruction*>> groups;
    for (const auto& warp : warps) {
        std::size_t group = 0;
        for (const WarpInstruction& instruction : warp) {
            if (groups.size() <= group) groups.resize(group + 1);
            if (instruction.operation == OperationClass::copy_async) groups[group].push_back(&instruction);
            if (instruction.operation == OperationClass::commit_group) ++group;
        }
    }
    return groups;
}

void check_copies(const GemmPlan& plan, const TileCoordinate& tile, const Warps& warps) {
    const auto groups = copies_by_group(warps);
    RC_ASSERT(groups.size() >= plan.k_tiles());
    for (std::uint64_t k_tile = 0; k_tile < groups.size(); ++k_tile) {
        Sources copied;
        for (const WarpInstruction* copy : groups[k_tile]) {
            RC_ASSERT(copy->shared.bytes_per_lane == chunk_bytes);
            RC_ASSERT(copy->global.bytes_per_lane == chunk_bytes);
            RC_ASSERT((copy->global.active & ~copy->shared.active) == 0U);
            for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
                if (!copy->shared.is_active(lane)) continue;
                std::optional<std::uint64_t> source;
                if (copy->global.is_active(lane)) source = copy->global.address(lane);
                RC_ASSERT(copied.emplace(copy->shared.address(lane), source).second);
            }
        }
        RC_ASSERT(copied == (k_tile < plan.k_tiles() ? expected_sources(plan, tile, k_tile) : Sources{}));
    }
}

void mark_stores(const GemmPlan& plan, const Warps& warps, std::vector<std::uint8_t>& stored) {
    for (const auto& warp : warps) {
        for (const WarpInstruction& instruction : warp) {
            if (instruction.operation != OperationClass::store_global) continue;
            RC_ASSERT(instruction.global.active != 0U);
            for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
                if (!instruction.global.is_active(lane)) continue;
                const std::uint64_t at = instruction.global.address(lane) - plan.addresses().d;
                const std::uint32_t bytes = instruction.global.bytes_per_lane;
                RC_ASSERT(instruction.global.address(lane) >= plan.addresses().d);
                RC_ASSERT(at + bytes <= stored.size());
                RC_ASSERT(at % bytes == 0U);
                for (std::uint64_t byte = at; byte < at + bytes; ++byte) ++stored[byte];
            }
        }
    }
}

RC_GTEST_PROP(GemmStream, MultipliesThePaddedTilesAndNothingElse, ()) {
    GemmStream stream(GemmPlan(any_problem(400, 400, 300), any_kernel()), *rc::gen::arbitrary<bool>());
    const GemmPlan& plan = stream.plan();
    std::uint64_t multiply_adds = 0;
    for (std::uint64_t cta = 0; cta < plan.ctas(); ++cta) {
        for (const auto& warp : walk_cta(stream, CtaIndex(cta))) {
            multiply_adds += count_of(warp, OperationClass::mma) * plan.instruction().fused_multiply_adds();
        }
    }
    RC_ASSERT(multiply_adds == plan.tile_rows() * plan.kernel().tile_m * plan.tile_columns() * plan.kernel().tile_n *
                                   plan.padded_k() * plan.problem().batch);
}

RC_GTEST_PROP(GemmStream, CopiesEveryChunkOfEveryTileOnceFromItsPlaceInTheMatrix, ()) {
    GemmStream stream(GemmPlan(any_problem(300, 300, 300), any_kernel()), false);
    const CtaIndex cta = any_cta(stream.ctas());
    check_copies(stream.plan(), stream.plan().tile_of(cta), walk_cta(stream, cta));
}

RC_GTEST_PROP(GemmStream, StoresEveryElementOfDOnceAndNothingBesides, ()) {
    GemmStream stream(GemmPlan(any_problem(300, 300, 40), any_kernel()), false);
    const GemmPlan& plan = stream.plan();
    std::vector<std::uint8_t> stored(plan.d_bytes() * plan.problem().batch);
    for (std::uint64_t cta = 0; cta < plan.ctas(); ++cta) mark_stores(plan, walk_cta(stream, CtaIndex(cta)), stored);
    RC_ASSERT(std::ranges::all_of(stored, [](std::uint8_t times) { return times == 1; }));
}

RC_GTEST_PROP(GemmStream, UsesNoRegisterBeyondItsResources, ()) {
    GemmStream stream(GemmPlan(any_problem(300, 300, 200), any_kernel()), *rc::gen::arbitrary<bool>());
    const std::uint32_t registers = stream.resources().registers_per_thread;
    const CtaIndex cta = any_cta(stream.ctas());
    for (const auto& warp : walk_cta(stream, cta)) {
        for (const WarpInstruction& i : warp) {
            for (const RegisterRange& range : {i.destination, i.a, i.b, i.c, i.e}) {
                RC_ASSERT(std::uint32_t{range.first} + range.count <= registers);
            }
        }
    }
}

RC_GTEST_PROP(GemmStream, ReadsAndWritesSharedMemoryOnlyWithinItsAllocation, ()) {
    GemmStream stream(GemmPlan(any_problem(300, 300, 200), any_kernel()), false);
    const std::uint64_t bytes = stream.resources().shared_memory.value();
    const CtaIndex cta = any_cta(stream.ctas());
    for (const auto& warp : walk_cta(stream, cta)) {
        for (const WarpInstruction& i : warp) {
            if (i.shared.offsets == nullptr) continue;
            for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
                RC_ASSERT(!i.shared.is_active(lane) || i.shared.address(lane) + i.shared.bytes_per_lane <= bytes);
                RC_ASSERT(i.shared.address(lane) % i.shared.bytes_per_lane == 0U);
            }
        }
    }
}

RC_GTEST_PROP(GemmStream, AccumulatesInPlaceEveryAccumulatorOncePerKGroup, ()) {
    GemmStream stream(GemmPlan(any_problem(200, 200, 300), any_kernel()), *rc::gen::arbitrary<bool>());
    const GemmPlan& plan = stream.plan();
    const CtaIndex cta = any_cta(stream.ctas());
    for (const auto& warp : walk_cta(stream, cta)) {
        std::map<std::uint32_t, std::uint64_t> added;
        for (const WarpInstruction& i : warp) {
            if (i.operation != OperationClass::mma) continue;
            RC_ASSERT(i.destination.first == i.c.first);
            RC_ASSERT(i.destination.count == i.c.count);
            ++added[i.c.first];
        }
        RC_ASSERT(added.size() * plan.instruction().d_registers() == plan.accumulator_registers());
        for (const auto& [first, times] : added) RC_ASSERT(times == plan.k_tiles() * plan.k_groups());
    }
}

RC_GTEST_PROP(GemmStream, SaysOfEveryInstructionWhetherAnMmaFollowsIt, ()) {
    GemmStream stream(GemmPlan(any_problem(200, 200, 200), any_kernel()), *rc::gen::arbitrary<bool>());
    const CtaIndex cta = any_cta(stream.ctas());
    for (const auto& warp : walk_cta(stream, cta)) {
        bool follows = false;
        for (auto i = warp.rbegin(); i != warp.rend(); ++i) {
            RC_ASSERT(i->after_last_mma == !follows);
            follows = follows || i->operation == OperationClass::mma;
        }
        RC_ASSERT(follows);
    }
}

RC_GTEST_PROP(GemmStream, WithOperandsInRegistersOnlyClearsMultipliesAndExits, ()) {
    GemmStream stream(GemmPlan(any_problem(300, 300, 300), any_kernel()), true);
    const CtaIndex cta = any_cta(stream.ctas());
    for (const auto& warp : walk_cta(stream, cta)) {
        RC_ASSERT(count_of(warp, OperationClass::clear) == 1U);
        RC_ASSERT(warp.front().operation == OperationClass::clear);
        RC_ASSERT(count_of(warp, OperationClass::mma) ==
                  multiplications_per_k_tile(stream.plan()) * stream.plan().k_tiles());
        RC_ASSERT(warp.size() == count_of(warp, OperationClass::mma) + 2);
    }
}

}  // namespace
}  // namespace stcsim
