/// The instructions of a launch, asked for without a machine, and what they amount to.
#pragma once

#include <vector>

#include "isa/instruction_stream.h"

namespace stcsim::testing {

/// One warp's instructions up to and including `exit`. Offsets point into the stream. Fails the test's process with an
/// InvariantError if the warp does not end within `most` instructions.
std::vector<WarpInstruction> walk_warp(InstructionStream& stream, CtaIndex cta, std::uint32_t warp,
                                       std::size_t most = 1'000'000);

/// All warps of a CTA.
std::vector<std::vector<WarpInstruction>> walk_cta(InstructionStream& stream, CtaIndex cta);

/// How many instructions of the class there are.
std::size_t count_of(const std::vector<WarpInstruction>& instructions, OperationClass operation);

}  // namespace stcsim::testing
