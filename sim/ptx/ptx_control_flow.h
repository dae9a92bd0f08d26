/// Basic blocks of a kernel.
#pragma once

#include <cstdint>
#include <vector>

#include "ptx/ptx_module.h"

namespace stcsim {

/// Instructions `begin` up to, not including, `end`, entered at the first and left behind the last one only.
struct PtxBlock {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::vector<std::uint32_t> successors;    ///< blocks; none: the thread ends
    std::vector<std::uint32_t> predecessors;  ///< blocks
};

/// The blocks in the order of the text; the first is the entry. Calls are taken to return.
std::vector<PtxBlock> basic_blocks(const PtxKernel& kernel);

}  // namespace stcsim
