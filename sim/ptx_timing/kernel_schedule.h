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

/// Puts the kernel's instructions in this order. What was decoded from it before is no longer valid.
void reorder(PtxKernel& kernel, const std::vector<std::uint32_t>& order);

}  // namespace stcsim
