#include "walked_stream.h"

#include <algorithm>

#include "base/error.h"

namespace stcsim::testing {

std::vector<WarpInstruction> walk_warp(InstructionStream& stream, CtaIndex cta, std::uint32_t warp, std::size_t most) {
    const auto warp_stream = stream.start_warp(cta, warp);
    std::vector<WarpInstruction> instructions;
    do {
        STCSIM_ASSERT(instructions.size() < most);
        WarpInstruction instruction;
        warp_stream->next(Cycle(instructions.size()), instruction);
        instructions.push_back(instruction);
        warp_stream->issued(Cycle(instructions.size()), {});
    } while (instructions.back().operation != OperationClass::exit);
    return instructions;
}

std::vector<std::vector<WarpInstruction>> walk_cta(InstructionStream& stream, CtaIndex cta) {
    std::vector<std::vector<WarpInstruction>> warps;
    for (std::uint32_t warp = 0; warp < stream.resources().warps; ++warp) warps.push_back(walk_warp(stream, cta, warp));
    return warps;
}

std::size_t count_of(const std::vector<WarpInstruction>& instructions, OperationClass operation) {
    return static_cast<std::size_t>(std::ranges::count(instructions, operation, &WarpInstruction::operation));
}

}  // namespace stcsim::testing
