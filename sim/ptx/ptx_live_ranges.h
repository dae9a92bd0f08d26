/// When registers hold a value that is still to be read.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ptx/ptx_control_flow.h"
#include "ptx/ptx_module.h"
#include "ptx/ptx_register_use.h"

namespace stcsim {

/// A stretch of the kernel's text, [begin, end). Instruction i reads at 2 i and writes at 2 i + 1.
struct PtxLiveRange {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
};

/// Of every register its stretches, in order and apart from each other. `uses` has one entry per instruction; its
/// registers are below `registers`. An instruction with a guard may leave what was there before, so that a value lives
/// through it; but no register lives where nothing can have written it. Time and memory are linear in the text and in
/// the stretches per block.
std::vector<std::vector<PtxLiveRange>> live_ranges(const PtxKernel& kernel, std::span<const PtxBlock> blocks,
                                                   std::span<const PtxRegisterUse> uses, std::size_t registers);

}  // namespace stcsim
