/// What the CTAs of a plan do, at the grain of k-tiles: which parts of the operands each reads and what it writes.
///
/// This is the same work as the instruction stream's (a test compares the bytes), without its instructions: what a run
/// that only follows k-tiles needs.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernel/gemm_plan.h"

namespace stcsim {

/// Part of a matrix in global memory: `rows` pieces of `bytes` bytes each, `pitch` bytes apart.
struct MatrixBlock {
    std::uint64_t address = 0;
    std::uint64_t pitch = 0;
    std::uint32_t rows = 0;
    std::uint32_t bytes = 0;
};

/// A run of k-tiles that a CTA adds up for one tile of D, or (`reduces`) the slices of split-K that a CTA of the second
/// launch adds up for some elements of D: then each slice counts as a k-tile, and `tile` says only which batch.
struct WorkSegment {
    TileCoordinate tile;
    std::uint64_t first_k_tile = 0;
    std::uint64_t k_tiles = 0;
    std::uint64_t slice = 0;  ///< of split-K, whose partial product the segment writes
    bool reduces = false;
    std::uint64_t first_element = 0;  ///< reduces: of the product, numbered through
    std::uint64_t elements = 0;
};

/// The segments of a CTA, in the order it works on them.
std::vector<WorkSegment> work_of(const GemmPlan& plan, CtaIndex cta);

/// The parts of A, B and metadata that a k-tile of the segment reads (0-based within the segment), cut at the edges of
/// the problem; blocks without rows are empty.
std::array<MatrixBlock, 3> blocks_read(const GemmPlan& plan, const WorkSegment& segment, std::uint64_t k_tile);

/// The part of D, or of the slice's partial product, that the segment writes.
MatrixBlock block_written(const GemmPlan& plan, const WorkSegment& segment);

}  // namespace stcsim
