#include "kernel/gemm_work.h"

#include <algorithm>

#include "kernel/reduction_stream.h"

namespace stcsim {
namespace {

/// How many of `count` rows or columns from `first` on are left below `limit`.
std::uint32_t left(std::uint64_t first, std::uint32_t count, std::uint64_t limit) {
    return static_cast<std::uint32_t>(first >= limit ? 0 : std::min<std::uint64_t>(count, limit - first));
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
    const std::uint64_t index = plan.slice_of(cta);
    const KSlice slice = plan.slice(index);
    return {{.tile = plan.tile_of(cta), .first_k_tile = slice.first, .k_tiles = slice.count, .slice = index}};
}

std::array<MatrixBlock, 3> blocks_read(const GemmPlan& plan, const WorkSegment& segment, std::uint64_t k_tile) {
    if (segment.reduces) {
        const std::uint64_t partial = (segment.tile.batch * plan.slices() + k_tile) * plan.d_bytes();
        return {flat_block(plan.addresses().d + partial, segment, plan.output_bytes())};
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
    const GemmKernel& kernel = plan.kernel();
    const std::uint64_t first_row = segment.tile.row * kernel.tile_m;
    const std::uint64_t first_column = segment.tile.column * kernel.tile_n;
    const std::uint32_t rows = left(first_row, kernel.tile_m, plan.rows());
    const std::uint32_t columns = left(first_column, kernel.tile_n, plan.columns());
    return {.address = plan.addresses().d + (segment.tile.batch * plan.slices() + segment.slice) * plan.d_bytes() +
                       plan.d_offset(first_row, first_column),
            .pitch = plan.d_row_bytes(),
            .rows = plan.transposed() ? columns : rows,
            .bytes = (plan.transposed() ? rows : columns) * plan.output_bytes()};
}

}  // namespace stcsim
