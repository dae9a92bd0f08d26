/// PTX instructions that are none of their own on the machine, because ptxas makes them part of another one.
#pragma once

#include <vector>

#include "executor/decoded_kernel.h"
#include "ptx/ptx_register_use.h"

namespace stcsim {

/// Whether an instruction is part of another one, per instruction of the decoded kernel:
///  - sums of a register and a constant that only addresses in the same basic block need: a memory instruction has a
///    constant in its address;
///  - shifts left by 2, 3 or 4 that only such addresses of ld.shared and st.shared need: LDS and STS multiply theirs by
///    4, 8 or 16;
///  - a branch that is only reached past a conditional branch over it: one branch on the opposite condition does both;
///  - a branch to the next instruction.
///
/// Source: what ptxas 13.0 makes of such code for sm_80, by the opcodes and address fields of its output (derived).
std::vector<bool> folded_instructions(const DecodedKernel& kernel);

/// Which registers each instruction reads and writes on the machine, `folded` being folded_instructions(kernel): a
/// memory instruction reads what the sums and shifts in its address do, and these have no registers of their own.
std::vector<PtxRegisterUse> machine_register_uses(const DecodedKernel& kernel, const std::vector<bool>& folded);

}  // namespace stcsim
