/// The program that every warp of a microbenchmark runs.
///
/// As the published method has it: the fragments are loaded from global memory (the loop waits for them where it first
/// uses them), bar.sync, the clock is read, then `iterations` times `ilp` independent instructions and a __syncwarp(),
/// then the clock is read again. An mma is in place: D is also C. A load's result is the address of the next
/// iteration's load. The compiler unrolls the loop by four (nvcc 13.0 -O3 for sm_80), so counting and branching come
/// once in four iterations, the counting behind the first instruction, the branch at the end.
#pragma once

#include <cstdint>
#include <vector>

#include "isa/instruction_stream.h"
#include "isa/warp_instruction.h"
#include "microbench/microbench_subject.h"

namespace stcsim {

/// How often the loop body is written out per branch.
inline constexpr std::uint32_t loop_unrolling = 4;

struct TimedLoop {
    std::vector<WarpInstruction> prologue;  ///< ends with the barrier
    WarpInstruction read_clock;             ///< before and after the loop
    std::vector<WarpInstruction> iteration;
    std::vector<WarpInstruction> closing_iteration;  ///< every loop_unrolling-th, with counter and branch
    CtaResources resources;
};

/// The program of warp `warp` of `warps`. The subject's `ilp` sets of registers must fit into 256, or an invariant
/// breaks.
TimedLoop timed_loop(const MicrobenchSubject& subject, std::uint32_t warp, std::uint32_t warps, std::uint32_t ilp);

/// Registers per thread that the program uses.
std::uint32_t registers_per_thread(const MicrobenchSubject& subject, std::uint32_t ilp);

}  // namespace stcsim
