#include "kernel/gemm_work.h"

#include <algorithm>

#include "base/error.h"
#include "kernel/reduction_stream.h"

namespace stcsim {
namespace {

/// How many of `count` rows or columns from `first` on are left below `limit`.
std::uint32_t left(std::uint64_t first, std::uint32_t count, std::uint64_t limit) {
    return static_cast<std::uint32_t>(first >= limit ? 0 : std::min<std::uint64_t>(count, limit - first));
}

MatrixBlock workspace_of(const GemmPlan& plan, CtaIndex cta) {
    return {.address = plan.addresses().workspace + cta.value() * plan.workspace_bytes(),
            .pitch = 0,
            .rows = 1,
            .bytes = static_cast<std::uint32_t>(plan.workspace_bytes())};
}

std::vector<WorkSegment> streamed_work_of(const GemmPlan& plan, CtaIndex cta) {
    std::vector<WorkSegment> segments;
    for (const StreamK::Part& part : plan.stream().parts_of(cta.value())) {
        const SegmentEnd whole = part.peers > 0 ? SegmentEnd::adds_shared : SegmentEnd::stores;
        segments.push_back({.tile = plan.tile_at(part.tile),
                            .first_k_tile = part.first_k_tile,
                            .k_tiles = part.k_tiles,
                            .end = part.finishes ? whole : SegmentEnd::shares,
                            .cta = cta,
                            .first_peer = CtaIndex(part.first_peer),
                            .peers = part.peers});
    }
    return segments;
}

/// The elements that a segment of the second launch reduces, in a matrix of `width` bytes per element.
MatrixBlock flat_block(std::uint64_t matrix, const WorkSegment& segment, std::uint32_t width) {
    return {.address = matrix + segment.first_element * width,
            .pitch = 0,
            .rows = 1,
            .bytes = static_cast<std::uint32_t>(segment.elements * width)};
}

}  // namespace

std::vector<WorkSegment> work_of(const GemmPlan& plan, CtaIndex cta) {
    if (cta.value() >= plan.multiplying_ctas()) {
        const ReducedElements reduced = reduced_elements(plan, cta);
        return {{.tile = {.batch = reduced.batch, .row = 0, .column = 0},
                 .k_tiles = plan.slices(),
                 .reduces = true,
                 .first_element = reduced.first,
                 .elements = reduced.count}};
    }
    if (plan.stream_k()) return streamed_work_of(plan, cta);
    const std::uint64_t index = plan.slice_of(cta);
    const KSlice slice = plan.slice(index);
    WorkSegment segment{
        .tile = plan.tile_of(cta), .first_k_tile = slice.first, .k_tiles = slice.count, .slice = index, .cta = cta};
    if (plan.serial()) {
        segment.slice = 0;
        if (index > 0) {
            segment.end = SegmentEnd::adds_stored;
            segment.first_peer = CtaIndex(cta.value() - plan.tile_rows() * plan.tile_columns());
            segment.peers = 1;
        }
    }
    return {segment};
}

std::array<MatrixBlock, 3> blocks_read(const GemmPlan& plan, const WorkSegment& segment, std::uint64_t k_tile) {
    if (segment.reduces) {
        return {flat_block(plan.partial_product(segment.tile.batch, k_tile), segment, plan.output_bytes())};
    }
    const std::uint64_t k = segment.first_k_tile + k_tile;
    const GemmKernel& kernel = plan.kernel();
    const std::uint64_t first_row = segment.tile.row * kernel.tile_m;
    const std::uint64_t first_column = segment.tile.column * kernel.tile_n;
    const OperandAddresses& addresses = plan.addresses();
    const auto block = [&](std::uint64_t matrix, std::uint64_t row_bytes, std::uint64_t first, std::uint32_t rows,
                           std::uint64_t limit, std::uint32_t piece) {
        const std::uint64_t offset = k * piece;
        return MatrixBlock{.address = matrix + first * row_bytes + offset,
                           .pitch = row_bytes,
                           .rows = left(first, rows, limit),
                           .bytes = left(offset, piece, row_bytes)};
    };
    const std::uint64_t batch = segment.tile.batch;
    std::array<MatrixBlock, 3> blocks{block(addresses.a + batch * plan.a_bytes(), plan.a_row_bytes(), first_row,
                                            kernel.tile_m, plan.rows(), plan.a_chunks_per_row() * 16),
                                      block(addresses.b + batch * plan.b_bytes(), plan.b_row_bytes(), first_column,
                                            kernel.tile_n, plan.columns(), plan.b_chunks_per_row() * 16),
                                      MatrixBlock{}};
    if (plan.sparse()) {
        // Blocks of rows of metadata; a k-tile's part of each is contiguous.
        const std::uint32_t row_blocks = kernel.tile_m / plan.e_block_rows();
        const std::uint32_t piece = plan.e_stage_bytes() / row_blocks;
        const std::uint64_t row_block_bytes = plan.k_tiles() * piece;
        blocks[2] = {.address = addresses.e + batch * plan.e_bytes() + segment.tile.row * row_blocks * row_block_bytes +
                                k * piece,
                     .pitch = row_block_bytes,
                     .rows = row_blocks,
                     .bytes = piece};
    }
    return blocks;
}

MatrixBlock block_written(const GemmPlan& plan, const WorkSegment& segment) {
    if (segment.reduces) {
        return flat_block(plan.addresses().result + segment.tile.batch * plan.result_bytes(), segment,
                          bits_of(plan.problem().output) / 8);
    }
    if (segment.end == SegmentEnd::shares) return workspace_of(plan, segment.cta);
    const GemmKernel& kernel = plan.kernel();
    const std::uint64_t first_row = segment.tile.row * kernel.tile_m;
    const std::uint64_t first_column = segment.tile.column * kernel.tile_n;
    const std::uint32_t rows = left(first_row, kernel.tile_m, plan.rows());
    const std::uint32_t columns = left(first_column, kernel.tile_n, plan.columns());
    return {.address = plan.partial_product(segment.tile.batch, segment.slice) + plan.d_offset(first_row, first_column),
            .pitch = plan.d_row_bytes(),
            .rows = plan.transposed() ? columns : rows,
            .bytes = (plan.transposed() ? rows : columns) * plan.output_bytes()};
}

MatrixBlock peer_block_read(const GemmPlan& plan, const WorkSegment& segment, std::uint64_t index) {
    STCSIM_ASSERT(index < segment.peers);
    if (segment.end == SegmentEnd::adds_stored) return block_written(plan, segment);
    return workspace_of(plan, CtaIndex(segment.first_peer.value() + index));
}

std::vector<KSlice> sums_of_tile(const GemmPlan& plan, std::uint64_t tile) {
    std::vector<KSlice> sums;
    if (!plan.stream_k()) {
        for (std::uint64_t i = 0; i < plan.slices(); ++i) sums.push_back(plan.slice(i));
        return sums;
    }
    const StreamK stream = plan.stream();
    const std::uint64_t finisher = stream.finisher_of(tile);
    const auto part_in_tile = [&](std::uint64_t cta) {
        const auto parts = stream.parts_of(cta);
        const auto part = std::ranges::find(parts, tile, &StreamK::Part::tile);
        STCSIM_ASSERT(part != parts.end());
        return *part;
    };
    // The CTA that finishes a tile adds what others have begun to its own sums.
    const StreamK::Part last = part_in_tile(finisher);
    sums.push_back({last.first_k_tile, last.k_tiles});
    for (std::uint64_t peer = last.first_peer; peer < finisher; ++peer) {
        const StreamK::Part part = part_in_tile(peer);
        sums.push_back({part.first_k_tile, part.k_tiles});
    }
    return sums;
}

}  // namespace stcsim
