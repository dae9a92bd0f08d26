/// How many machine instructions an arithmetic PTX instruction becomes, and which unit executes them.
#pragma once

#include <cstdint>

#include "executor/decoded_instruction.h"
#include "isa/warp_instruction.h"

namespace stcsim {

struct InstructionCost {
    ArithmeticUnit unit = ArithmeticUnit::any;
    std::uint32_t machine_instructions = 1;  ///< 0: it costs nothing
};

/// Of an instruction without a unit of the memory system or the tensor core.
///
/// Source of the counts: the size of what ptxas of CUDA 13.0 makes for sm_80 of a chain of 40 such operations less that
/// of 8, over 32 (derived). 64-bit division and remainder are calls; their 70 instructions are assumed. One unit stands
/// for all instructions of a sequence.
InstructionCost cost_of(const DecodedInstruction& instruction);

}  // namespace stcsim
