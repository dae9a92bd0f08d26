/// The instructions of a kernel in the order in which ptxas would lay them out.
#pragma once

#include <cstdint>
#include <vector>

#include "executor/decoded_kernel.h"
#include "gpu/gpu_parameters.h"
#include "ptx/ptx_module.h"

namespace stcsim {

/// Numbers of the kernel's instructions, first to last, each basic block by list_schedule() on its own: branches and
/// their targets keep their numbers. `registers_per_thread`: what a thread takes before. Rounded up to what the machine
/// hands out, or as many as a thread has if every warp of an SM is resident, it is the limit for the new order.
std::vector<std::uint32_t> scheduled_order(const DecodedKernel& kernel, std::uint32_t registers_per_thread,
                                           const GpuParameters& gpu);

/// Decodes the kernel again, which `decoded` was made from, with its instructions in this order: those of `kernel`
/// itself or, if it calls functions, of the text it was linked to.
DecodedKernel reordered(DecodedKernel decoded, PtxKernel& kernel, const std::vector<std::uint32_t>& order);

}  // namespace stcsim
