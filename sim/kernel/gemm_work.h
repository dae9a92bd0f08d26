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

/// What a CTA does with the sums of a segment, beside storing them in D.
enum class SegmentEnd : std::uint8_t {
    stores,       ///< nothing: D, or the partial product of a slice
    adds_stored,  ///< serial split-K: adds what the CTA of the slice before has stored there
    shares,       ///< Stream-K: does not store D, but leaves its accumulators in the workspace
    adds_shared,  ///< Stream-K: adds the accumulators that its peers have left there
};

/// A run of k-tiles that a CTA adds up for one tile of D, or (`reduces`) the slices of split-K that a CTA of the second
/// launch adds up for some elements of D: then each slice counts as a k-tile, and `tile` says only which batch.
struct WorkSegment {
    TileCoordinate tile;
    std::uint64_t first_k_tile = 0;
    std::uint64_t k_tiles = 0;
    std::uint64_t slice = 0;  ///< of parallel split-K, whose partial product the segment writes
    SegmentEnd end = SegmentEnd::stores;
    CtaIndex cta{0};         ///< whose segment it is
    CtaIndex first_peer{0};  ///< of those CTAs whose sums it waits for and adds
    std::uint64_t peers = 0;
    bool reduces = false;
    std::uint64_t first_element = 0;  ///< reduces: of the product, numbered through
    std::uint64_t elements = 0;
};

/// The segments of a CTA, in the order it works on them.
std::vector<WorkSegment> work_of(const GemmPlan& plan, CtaIndex cta);

/// The parts of A, B and metadata that a k-tile of the segment reads (0-based within the segment), cut at the edges of
/// the problem; blocks without rows are empty.
std::array<MatrixBlock, 3> blocks_read(const GemmPlan& plan, const WorkSegment& segment, std::uint64_t k_tile);

/// The part of D, of the slice's partial product or of the workspace that the segment writes.
MatrixBlock block_written(const GemmPlan& plan, const WorkSegment& segment);

/// What the segment reads of the sums of a peer, the `index`-th of them.
MatrixBlock peer_block_read(const GemmPlan& plan, const WorkSegment& segment, std::uint64_t index);

/// The runs of k-tiles whose sums make up a tile of D, in the order in which they are added: each is a chain of mma
/// from zero, and each but the first is added to the sum so far.
std::vector<KSlice> sums_of_tile(const GemmPlan& plan, std::uint64_t tile);

}  // namespace stcsim
