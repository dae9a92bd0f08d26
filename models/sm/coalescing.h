/// From lanes' addresses to the sectors a warp-level access touches.
#pragma once

#include <vector>

#include "isa/warp_instruction.h"
#include "memory/memory_parameters.h"
#include "memory/memory_transaction.h"

namespace stcsim {

/// Writes the distinct sectors of the active lanes to `requests` (cleared first), one entry per line, in the order of
/// the first lane that touches the line. Returns the number of sectors.
std::uint32_t coalesce(const LaneAccess& access, const L2CacheParameters& cache, std::vector<SectorRequest>& requests);

/// The same for an atomic operation: also how many turns of the L2's unit each line takes, its sectors' one after the
/// other. Lanes with different words of a sector share a turn, lanes with the same address need one each.
std::uint32_t coalesce_atomic(const LaneAccess& access, const L2CacheParameters& cache,
                              std::vector<SectorRequest>& requests);

}  // namespace stcsim
