/// The program that every warp of a microbenchmark runs.
///
/// As the published method has it: the fragments are loaded from global memory, bar.sync, the clock is read, then
/// `iterations` times `ilp` independent instructions and a __syncwarp(), then the clock is read again. An mma is in
/// place: D is also C. A load's result is the address of the next iteration's load. The compiler unrolls the loop by
/// four (nvcc 13.0 -O3 for sm_80), so counting and branching come once in four iterations, the counting behind the
/// first instruction, the branch at the end.
#pragma once

#include <cstdint>
#include <vector>

#include "isa/instruction_stream.h"
#include "isa/warp_instruction.h"
#include "microbench/microbench_subject.h"

namespace stcsim {

/// Where the program waits for the loads of its fragments.
enum class FragmentWait : std::uint8_t {
    in_loop,  ///< where the first mma reads them. The published measurements contain that much (0.4 to 1 cycles)
    packed,   ///< as nvcc 13.0 compiles the published programs: A and B of elements below 32 bits are loaded by element
              ///< and packed between barrier and clock; others are as with in_loop
};

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
TimedLoop timed_loop(const MicrobenchSubject& subject, std::uint32_t warp, std::uint32_t warps, std::uint32_t ilp,
                     FragmentWait wait = FragmentWait::in_loop);

/// Registers per thread that the program uses.
std::uint32_t registers_per_thread(const MicrobenchSubject& subject, std::uint32_t ilp);

}  // namespace stcsim
