#include "isa/instruction_stream.h"

namespace stcsim {

void InstructionStream::warp_ended(CtaIndex, std::uint32_t, std::span<const WarpRegister>) {}

}  // namespace stcsim
