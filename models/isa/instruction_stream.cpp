#include "isa/instruction_stream.h"

namespace stcsim {

void WarpStream::issued(Cycle, const IssueWait&) {}

void InstructionStream::warp_ended(CtaIndex, std::uint32_t, std::span<const WarpRegister>) {}

}  // namespace stcsim
