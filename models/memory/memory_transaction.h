/// What travels between the SMs and the memory system.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/units.h"

namespace stcsim {

/// Sectors of one line.
struct SectorRequest {
    std::uint64_t line = 0;     ///< address / line size
    std::uint32_t sectors = 0;  ///< bit s: sector s of the line
};

/// One warp-level access, coalesced into sectors. The SM that made it gets it back when all sectors are there (reads)
/// or taken (writes).
struct MemoryTransaction {
    SmIndex sm;
    std::uint32_t tag = 0;  ///< the SM's own
    bool write = false;
    Bytes bytes{0};  ///< moved: sectors times sector size
    std::vector<SectorRequest> requests;
};

using TransactionPointer = std::unique_ptr<MemoryTransaction>;

}  // namespace stcsim
