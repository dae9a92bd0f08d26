// Looks up an instruction and computes one pass of it: the plain libraries, without SystemC.
#include <array>
#include <cstdint>
#include <cstdio>

#include "isa/mma_instruction.h"
#include "numerics/dot_add.h"

int main() {
    const stcsim::MmaInstruction& instruction = stcsim::mma_instruction_named("mma.sp.m16n8k32.f32.f16.f16.f32");
    const std::array<stcsim::ElementBits, 2> a{0x3C00, 0x4000};  // 1, 2
    const std::array<stcsim::ElementBits, 2> b{0x4200, 0x4400};  // 3, 4
    const auto sum = static_cast<std::uint32_t>(stcsim::dot_add(instruction.arithmetic(), a, b, 0));
    std::printf("%u kept of %u, sum %08X\n", instruction.stored_k(), instruction.shape.k, sum);
    return instruction.stored_k() == 16 && sum == 0x41300000 ? 0 : 1;  // 11
}
