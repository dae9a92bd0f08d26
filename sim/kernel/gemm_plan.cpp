#include "kernel/gemm_plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/units.h"

namespace stcsim {
namespace {

/// Tile columns in a strip of the launch order; 8 rows of 8 tiles is about what a wave of 108 SMs covers.
constexpr std::uint64_t strip_columns = 8;
/// Registers for addresses, loop state and predicates; the sparse f16 128x128 kernel of a public library compiles to
/// about this many beside accumulators and fragments (ptxas -v).
constexpr std::uint32_t working_registers = 24;
/// Registers of a thread that instructions can name (PTX ISA, sm_80).
constexpr std::uint32_t most_registers = 255;
/// Operands start at multiples of the allocation granularity of cudaMalloc's large allocations.
constexpr std::uint64_t allocation_alignment = std::uint64_t{2} << 20;

}  // namespace

GemmPlan::GemmPlan(const GemmProblem& problem, const GemmKernel& kernel)
    : problem_(problem),
      kernel_(kernel),
      instruction_(&instruction_for(problem)),
      tile_rows_(ceil_divide<std::uint64_t>(problem.m, kernel.tile_m)),
      tile_columns_(ceil_divide<std::uint64_t>(problem.n, kernel.tile_n)),
      k_tiles_(0) {
    check_alignment(problem);
    k_tiles_ = ceil_divide<std::uint64_t>(problem.k, tile_k());
    std::uint64_t next = allocation_alignment;
    const auto place = [&](std::uint64_t bytes) {
        return std::exchange(next, round_up(next + bytes * problem_.batch, allocation_alignment));
    };
    addresses_.a = place(a_bytes());
    addresses_.b = place(b_bytes());
    addresses_.e = place(e_bytes());
    addresses_.d = place(d_bytes());
}

TileCoordinate GemmPlan::tile_of(CtaIndex cta) const {
    const std::uint64_t per_batch = tile_rows_ * tile_columns_;
    const std::uint64_t tile = cta.value() % per_batch;
    const std::uint64_t strip = tile / (strip_columns * tile_rows_);
    const std::uint64_t first_column = strip * strip_columns;
    const std::uint64_t width = std::min(strip_columns, tile_columns_ - first_column);
    const std::uint64_t within = tile - strip * strip_columns * tile_rows_;
    return {.batch = cta.value() / per_batch, .row = within / width, .column = first_column + within % width};
}

std::uint64_t GemmPlan::a_row_bytes() const {
    const std::uint64_t stored = sparse() ? problem_.k / 2 : problem_.k;
    return stored * bits_of(problem_.input) / 8;
}

std::uint64_t GemmPlan::b_row_bytes() const {
    return problem_.k * bits_of(problem_.input) / 8;
}

std::uint64_t GemmPlan::d_row_bytes() const {
    return problem_.n * output_bytes();
}

std::uint64_t GemmPlan::e_bytes() const {
    return sparse() ? tile_rows_ * k_tiles_ * e_stage_bytes() : 0;
}

std::uint32_t GemmPlan::accumulator_registers() const {
    return kernel_.warp_m * kernel_.warp_n * bits_of(problem_.accumulator) / 1024;
}

std::uint32_t GemmPlan::a_fragment_registers() const {
    return kernel_.warp_m / instruction_->shape.m * instruction_->a_registers();
}

std::uint32_t GemmPlan::b_fragment_registers() const {
    return kernel_.warp_n / instruction_->shape.n * instruction_->b_registers();
}

std::uint32_t GemmPlan::e_fragment_registers() const {
    return sparse() ? kernel_.warp_m / e_block_rows() : 0;
}

std::uint32_t GemmPlan::exchange_row_bytes() const {
    // The padding moves each row by four or (32-bit output) eight banks, so that a fragment's rows do not conflict.
    return kernel_.warp_n * output_bytes() + (output_bytes() == 4 ? 32 : 16);
}

CtaResources GemmPlan::resources() const {
    const std::uint32_t fragments = a_fragment_registers() + b_fragment_registers() + e_fragment_registers();
    return {
        .warps = kernel_.warps(),
        .registers_per_thread = std::min(accumulator_registers() + 2 * fragments + working_registers, most_registers),
        .shared_memory = Bytes(std::max(kernel_.stages * stage_bytes(), kernel_.warps() * exchange_bytes()))};
}

SharedRegions GemmPlan::sharing(std::uint64_t sms, std::uint64_t resident) const {
    const std::uint64_t together = std::min(sms * resident, ctas());
    std::set<std::pair<std::uint64_t, std::uint64_t>> rows;
    std::set<std::pair<std::uint64_t, std::uint64_t>> columns;
    for (std::uint64_t cta = 0; cta < together; ++cta) {
        const TileCoordinate tile = tile_of(CtaIndex(cta));
        rows.emplace(tile.batch, tile.row);
        columns.emplace(tile.batch, tile.column);
    }
    const auto sharers = [&](std::size_t distinct) {
        return static_cast<double>(together) / static_cast<double>(distinct);
    };
    return {{addresses_.a, addresses_.a + a_bytes() * problem_.batch, sharers(rows.size())},
            {addresses_.b, addresses_.b + b_bytes() * problem_.batch, sharers(columns.size())},
            {addresses_.e, addresses_.e + e_bytes() * problem_.batch, sharers(rows.size())}};
}

}  // namespace stcsim
