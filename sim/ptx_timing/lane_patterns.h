/// The offsets of lanes' addresses from the first lane's, each distinct pattern once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "isa/warp_instruction.h"

namespace stcsim {

/// Programs repeat few patterns: a fixed place for each lets the machine remember what follows from it.
class LanePatterns {
  public:
    /// The access of the `active` lanes at `addresses`; lanes that are not count as offset 0. Throws InputError for a
    /// kernel with more than four million patterns (a gigabyte): random accesses, which cannot be timed this way.
    LaneAccess access(const LaneOffsets& addresses, std::uint32_t active, std::uint32_t bytes_per_lane);

  private:
    const LaneOffsets* intern(const LaneOffsets& offsets);

    std::deque<LaneOffsets> patterns_;
    std::unordered_multimap<std::uint64_t, const LaneOffsets*> by_hash_;
};

}  // namespace stcsim
