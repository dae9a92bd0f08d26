/// Which registers an instruction reads and writes.
#pragma once

#include <cstdint>
#include <vector>

#include "ptx/ptx_module.h"

namespace stcsim {

/// Indices into PtxKernel::registers, in the order written; one that is named twice appears twice.
struct PtxRegisterUse {
    std::vector<std::uint32_t> reads;   ///< the guard's among them
    std::vector<std::uint32_t> writes;  ///< all of them whether the guard holds or not
};

/// By the operands: the first is written if it is a register, a pair or a vector, except by instructions without a
/// result (barriers, indirect branches, waits); everything else is read, and the base of an address always.
PtxRegisterUse registers_of(const PtxInstruction& instruction);

}  // namespace stcsim
