/// `--kernel auto`: which kernel of the catalogue suits a problem.
#pragma once

#include "gpu/gpu_parameters.h"
#include "kernel/gemm_plan.h"

namespace stcsim {

/// An estimate of the cycles of a kernel, to rank kernels by; not a prediction.
///
/// A k-tile of a CTA costs the most of: its tensor steps; the wavefronts of its ldmatrix reads and cp.async fills at
/// one per cycle; its bytes at the SM's share of the L2's bandwidth; its share of the wave's distinct bytes at the
/// share of the HBM's. Tensor steps count 1/0.88 when each sub-core holds a single warp (the published rate of one
/// warp, arXiv 2206.02874). The SM with the most CTAs runs its k-tiles one after the other, no faster than its share of
/// the HBM takes D, and adds per round of resident CTAs the fill of the pipeline and the store of D.
double estimate_cycles(const GemmPlan& plan, const GpuParameters& gpu);

/// The kernel with the least estimate among those that fit on the GPU; of those within a hundredth of it, the one that
/// reads the fewest bytes from L2. Throws InputError if none fits or the problem is not legal.
const GemmKernel& choose_kernel(const GemmProblem& problem, const GpuParameters& gpu);

}  // namespace stcsim
