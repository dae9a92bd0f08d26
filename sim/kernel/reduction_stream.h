/// The second launch of split-K: adds up the partial products.
///
/// Each lane loads a vector of accumulators of every slice, adds them in the order of the slices, and stores elements
/// of D. Its CTAs take as many resources as those of the first launch.
#pragma once

#include <memory>

#include "isa/instruction_stream.h"
#include "kernel/gemm_plan.h"

namespace stcsim {

/// The elements of one product that a CTA of the second launch reduces; both are numbered through.
struct ReducedElements {
    std::uint64_t batch;
    std::uint64_t first;
    std::uint64_t count;
};
ReducedElements reduced_elements(const GemmPlan& plan, CtaIndex cta);

/// The addresses of lanes relative to the warp's first element; instructions point into it.
struct ReductionOffsets {
    explicit ReductionOffsets(const GemmPlan& plan);
    LaneOffsets loaded{};  ///< in a partial product
    LaneOffsets stored{};  ///< in D
};

/// The warp's instructions. With operands in registers there is nothing to load, and it ends at once.
std::unique_ptr<WarpStream> reduction_warp(const GemmPlan& plan, const ReductionOffsets& offsets, CtaIndex cta,
                                           std::uint32_t warp, bool operands_in_registers);

}  // namespace stcsim
