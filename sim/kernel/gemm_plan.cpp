#include "kernel/gemm_plan.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/units.h"
#include "numerics/float_format.h"

namespace stcsim {
namespace {

/// 8 rows of 8 tiles is about what a wave of 108 SMs covers.
constexpr Raster default_raster{.strips = Raster::Strips::columns, .width = 8};
constexpr Raster default_transposed_raster{.strips = Raster::Strips::columns, .width = 1};
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
      tile_rows_(ceil_divide<std::uint64_t>(rows(), kernel.tile_m)),
      tile_columns_(ceil_divide<std::uint64_t>(columns(), kernel.tile_n)),
      k_tiles_(0) {
    check_alignment(problem);
    k_tiles_ = ceil_divide<std::uint64_t>(problem.k, tile_k());
    slices_ = std::min<std::uint64_t>(kernel.k_slices, k_tiles_);
    check_partial_sums();
    const std::uint32_t widest = widest_copy(problem);
    copy_bytes_ = kernel.copy_bytes == 0 ? widest : kernel.copy_bytes;
    if (copy_bytes_ > widest) {
        throw InputError(
            {}, fmt::format("kernel {} for k = {} of {}", kernel.name, problem.k, name_of(problem.input)),
            fmt::format("copies of at most {} bytes (_copy{}): rows are multiples of that", widest, widest));
    }
    std::uint64_t next = allocation_alignment;
    const auto place = [&](std::uint64_t bytes) {
        return std::exchange(next, round_up(next + bytes * problem_.batch, allocation_alignment));
    };
    addresses_.a = place(a_bytes());
    addresses_.b = place(b_bytes());
    addresses_.e = place(e_bytes());
    addresses_.d = place(d_bytes() * (split() ? slices_ : 1));
    addresses_.result = split() ? place(result_bytes()) : addresses_.d;
    if (waits()) addresses_.semaphores = place(semaphores() * semaphore_bytes);
    if (stream_k()) addresses_.workspace = place(multiplying_ctas() * workspace_bytes());
}

void GemmPlan::check_partial_sums() const {
    const ElementType accumulator = problem_.accumulator;
    if (!split() && !waits()) return;
    if (bits_of(accumulator) != 32) {
        throw InputError({}, fmt::format("kernel {} with {} accumulation", kernel_.name, name_of(accumulator)),
                         "f32 or s32 accumulation: partial sums are added up in 32 bits");
    }
    if (serial() && !is_float(accumulator) && problem_.output != accumulator) {
        throw InputError({}, fmt::format("kernel {} with {} output", kernel_.name, name_of(problem_.output)),
                         "s32 output: serial split-K keeps the sums of integers in D");
    }
}

StreamK GemmPlan::stream() const {
    STCSIM_ASSERT(stream_k());
    return {tiles(), k_tiles_, kernel_.stream_ctas};
}

Raster GemmPlan::raster() const {
    return kernel_.raster.value_or(transposed() ? default_transposed_raster : default_raster);
}

std::uint64_t GemmPlan::tile_number_of(CtaIndex cta) const {
    STCSIM_ASSERT(!stream_k());
    const std::uint64_t per_batch = tile_rows_ * tile_columns_;
    return cta.value() / (per_batch * slices_) * per_batch + cta.value() % per_batch;
}

TileCoordinate GemmPlan::tile_at(std::uint64_t number) const {
    const Raster order = raster();
    const bool columns_first = order.strips == Raster::Strips::columns;
    const std::uint64_t across = columns_first ? tile_columns_ : tile_rows_;  // tiles across the strips
    const std::uint64_t along = columns_first ? tile_rows_ : tile_columns_;
    const std::uint64_t tile = number % (across * along);
    const std::uint64_t strip = tile / (order.width * along);
    const std::uint64_t first = strip * order.width;
    const std::uint64_t width = std::min<std::uint64_t>(order.width, across - first);
    const std::uint64_t within = tile - first * along;
    const std::uint64_t at_across = first + within % width;
    const std::uint64_t at_along = within / width;
    return {.batch = number / (across * along),
            .row = columns_first ? at_along : at_across,
            .column = columns_first ? at_across : at_along};
}

KSlice GemmPlan::slice(std::uint64_t index) const {
    // The first slices take what does not divide evenly.
    const std::uint64_t least = k_tiles_ / slices_;
    const std::uint64_t larger = k_tiles_ % slices_;
    return {.first = index * least + std::min(index, larger), .count = least + (index < larger ? 1 : 0)};
}

std::uint32_t GemmPlan::reduced_per_lane() const {
    // A vector of accumulators that every partial product is a multiple of.
    return static_cast<std::uint32_t>(std::gcd(problem_.m * problem_.n, std::uint64_t{4}));
}

std::uint64_t GemmPlan::reduced_per_cta() const {
    return std::uint64_t{kernel_.warps()} * warp_lanes * reduced_per_lane();
}

std::uint64_t GemmPlan::reducing_ctas() const {
    return split() ? ceil_divide(problem_.m * problem_.n, reduced_per_cta()) * problem_.batch : 0;
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
    // The padding moves each row by four banks, or by eight where lanes store pairs of 32-bit elements, so that the
    // rows of a fragment do not conflict.
    const bool wide_pairs = exchanged_bytes() == 4 && !transposed();
    return exchange_row_elements() * exchanged_bytes() + (wide_pairs ? 32 : 16);
}

CtaResources GemmPlan::resources() const {
    const std::uint32_t fragments = a_fragment_registers() + b_fragment_registers() + e_fragment_registers();
    return {
        .warps = kernel_.warps(),
        .registers_per_thread = std::min(accumulator_registers() + 2 * fragments + working_registers, most_registers),
        .shared_memory = Bytes(std::max(kernel_.stages * stage_bytes(), kernel_.warps() * exchange_bytes()))};
}

SharedRegions GemmPlan::sharing(std::uint64_t sms, std::uint64_t resident) const {
    if (stream_k()) return {};
    const std::uint64_t together = std::min(sms * resident, multiplying_ctas());
    // Slices of k read other bytes of the same rows.
    std::set<std::array<std::uint64_t, 3>> rows;
    std::set<std::array<std::uint64_t, 3>> columns;
    for (std::uint64_t cta = 0; cta < together; ++cta) {
        const TileCoordinate tile = tile_of(CtaIndex(cta));
        const std::uint64_t slice = slice_of(CtaIndex(cta));
        rows.insert({tile.batch, slice, tile.row});
        columns.insert({tile.batch, slice, tile.column});
    }
    const auto sharers = [&](std::size_t distinct) {
        return static_cast<double>(together) / static_cast<double>(distinct);
    };
    return {{addresses_.a, addresses_.a + a_bytes() * problem_.batch, sharers(rows.size())},
            {addresses_.b, addresses_.b + b_bytes() * problem_.batch, sharers(columns.size())},
            {addresses_.e, addresses_.e + e_bytes() * problem_.batch, sharers(rows.size())}};
}

}  // namespace stcsim
