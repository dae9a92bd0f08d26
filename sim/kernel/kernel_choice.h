/// `--kernel auto`: which kernel suits a problem, of the catalogue and of its variants that split k.
#pragma once

#include <vector>

#include "gpu/gpu_parameters.h"
#include "kernel/gemm_plan.h"

namespace stcsim {

/// An estimate of the cycles of a kernel, to rank kernels by; not a prediction.
///
/// A k-tile of a CTA costs its SM the most of: its tensor steps; the wavefronts of its ldmatrix reads and the packets
/// of its cp.async fills, one per cycle; its bytes on the SM's link. It costs the chip the most of: its bytes at the
/// L2's bandwidth; its share of what a wave's k-tiles take in the HBM, where each piece of a matrix row opens a row of
/// a bank. A CTA alone takes no fewer cycles than let its copies arrive from the HBM over the link that all CTAs of the
/// SM share: those of a k-tile are issued until three quarters of its next to last k-group and awaited `stages - 2`
/// k-tiles later, behind that group; other CTAs of the SM fill the gap. Tensor steps count 1/0.88 when each sub-core
/// holds a single warp (the published rate of one warp, arXiv 2206.02874). The SM with the most CTAs runs its k-tiles
/// one after the other; the chip runs all of them, where its time and that of waiting CTAs add in quadrature, since
/// queues are long before a rate is reached; no faster than the HBM takes D; each round of resident CTAs adds the
/// fill of the pipeline and the store of D. Where k is split, the second launch adds the gap between launches, per
/// round of its CTAs their launch and a read from L2, and the bytes of the partial sums at the L2's bandwidth.
/// `warm_l2`: the same launch has just run, and the HBM is not asked if all of it has room in the L2.
double estimate_cycles(const GemmPlan& plan, const GpuParameters& gpu, bool warm_l2 = false);

/// A Stream-K kernel that leaves the number of its CTAs open with as many as the GPU holds at once; others as they are.
/// Throws InputError if the problem is not legal.
GemmKernel with_one_wave(const GemmKernel& kernel, const GemmProblem& problem, const GpuParameters& gpu);

/// The kernels that may be the fastest: the one that `choose_kernel` takes, then, least estimate first, others that fit
/// on the GPU and whose estimate is at most 1.3 times the least; at most eight in all, of which at most two differ in
/// stages only. Empty if none fits. Throws InputError if the problem is not legal.
std::vector<GemmKernel> plausible_kernels(const GemmProblem& problem, const GpuParameters& gpu, bool warm_l2 = false);

/// The kernel with the least estimate among those that fit on the GPU; of those within a hundredth of it, the one that
/// reads the fewest bytes from L2, with the most stages. Throws InputError if none fits or the problem is not legal.
GemmKernel choose_kernel(const GemmProblem& problem, const GpuParameters& gpu, bool warm_l2 = false);

}  // namespace stcsim
