#include "isa/instruction_stream.h"

namespace stcsim {

void WarpStream::issued(Cycle, const IssueWait&) {}

void WarpStream::visit_state(StateVisitor& state) {
    state.never_repeats();
}

void InstructionStream::warp_ended(CtaIndex, std::uint32_t, std::span<const WarpRegister>) {}

}  // namespace stcsim
