/// Batches of single instructions through the SystemC modules of one SM.
#pragma once

#include <span>
#include <vector>

#include "gpu/gpu_parameters.h"
#include "mma_batch/mma_batch.h"

namespace stcsim {

/// Executes the cases on one SM of the GPU: one-warp programs load the operands of a few cases each from global memory,
/// as fragments, execute the instruction and store D; all values go through the modules. Throws InputError if the GPU
/// cannot execute the instruction.
std::vector<BitMatrix> execute_by_simulation(const GpuParameters& gpu, const MmaInstruction& instruction,
                                             std::span<const MmaCase> cases);

}  // namespace stcsim
