/// The registers of an mma as the machine's instruction has them: fragments of A, B, C, E and D.
///
/// A wmma.mma is a sequence of machine instructions, one for each tile of D; others are the only tile, 0, of theirs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "executor/warp_execution.h"
#include "isa/fragment.h"

namespace stcsim {

/// What an mma multiplies and adds: operand_shape().registers() of each operand, one E if it is sparse.
struct MmaSourceRegisters {
    std::vector<WarpRegister> a, b, c, e;
};

/// Before the instruction executes. Registers that a smaller matrix of wmma does not have hold zero.
MmaSourceRegisters mma_sources(WarpExecution& warp, const DecodedInstruction& instruction, std::uint32_t tile);

/// D after the instruction has executed; nothing for registers that it does not keep.
std::vector<std::optional<WarpRegister>> mma_result(WarpExecution& warp, const DecodedInstruction& instruction,
                                                    std::uint32_t tile);

/// An element of the tile's D, in the whole D of the instruction.
MatrixCoordinate mma_result_element(const DecodedInstruction& instruction, std::uint32_t tile,
                                    const FragmentLocation& location);

}  // namespace stcsim
