/// A basic block of a kernel as the list scheduler sees it: what depends on what, for how long.
#pragma once

#include <span>
#include <vector>

#include "gpu/gpu_parameters.h"
#include "ptx/ptx_control_flow.h"
#include "ptx/ptx_live_ranges.h"
#include "ptx_timing/list_schedule.h"
#include "ptx_timing/machine_program.h"

namespace stcsim {

/// Of one block of the program's kernel. `live`: of the kernel, by register.
///
/// Results are there after the latencies of the machine's description; of a load from global memory, those of a hit in
/// the L2. Beside registers these keep their order:
///  - accesses to the same state space of which one writes, generic ones being in all of them; strong ones (volatile,
///    relaxed, acquire, release, atomic), fences, barriers, bar.warp.sync, shuffles and votes with all memory accesses;
///  - cp.async, its groups and the waits for them among each other, and with accesses to shared memory;
///  - bar.warp.sync and mma, because the machine lets what the mma reads be read first;
///  - reads of the clock, calls, hints to the memory system and the end of the block with everything.
BlockGraph block_graph(const MachineProgram& program, const PtxBlock& block,
                       std::span<const std::vector<PtxLiveRange>> live, const GpuParameters& gpu);

}  // namespace stcsim
