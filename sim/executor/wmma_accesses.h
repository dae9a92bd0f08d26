/// What a wmma.load or wmma.store is on the machine: loads and stores of single fragment registers.
///
/// From shared memory, A and B of 8 and 16 bits come by ldmatrix, whatever their layout if they have 16 bits. Others
/// are moved register by register, 32 bits per lane, in the order in which they lie in memory (the machine transposes
/// them afterwards, which is not modelled); accumulators of 32 bits in pairs where a pair lies together. Source: what
/// ptxas 13.0 makes of such code for sm_80, by the opcodes of its output (derived).
#pragma once

#include <cstdint>
#include <vector>

#include "executor/warp_execution.h"

namespace stcsim {

struct WmmaAccess {
    std::uint32_t first_register = 0;  ///< of the fragment
    std::uint32_t registers = 1;
    bool row_addresses = false;  ///< ldmatrix: lane l has the address of a row of 16 bytes, 8 lanes per register
    StepAccess access;
};

/// Of the step that `warp` is about to execute. No lanes: nothing.
std::vector<WmmaAccess> wmma_accesses(WarpExecution& warp, const WarpStep& step);

}  // namespace stcsim
