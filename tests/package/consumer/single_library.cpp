// Looks up an instruction and computes one fused dot product: the plain libraries, without SystemC.
#include <array>
#include <cstdint>
#include <cstdio>

#include "isa/mma_instruction.h"
#include "numerics/fused_dot_add.h"

int main() {
    const stcsim::MmaInstruction& instruction = stcsim::mma_instruction_named("mma.sp.m16n8k32.f32.f16.f16.f32");
    const std::array<std::uint32_t, 2> a{0x3C00, 0x4000};  // 1, 2
    const std::array<std::uint32_t, 2> b{0x4200, 0x4400};  // 3, 4
    const std::uint32_t sum = stcsim::fused_dot_add(stcsim::ElementType::f16, stcsim::ElementType::f32, a, b, 0);
    std::printf("%u kept of %u, sum %08X\n", instruction.stored_k(), instruction.shape.k, sum);
    return instruction.stored_k() == 16 && sum == 0x41300000 ? 0 : 1;  // 11
}
