/// How the SMs that are not simulated share the memory traffic of the one that is.
#pragma once

#include <cstdint>
#include <vector>

namespace stcsim {

/// An address range that `sharers` SMs read at about the same time, so that each causes 1/sharers of its traffic
/// between memory and L2. Only used when one SM stands for all of them.
struct SharedRegion {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    double sharers = 1;
};

using SharedRegions = std::vector<SharedRegion>;

/// The sharers of an address: 1 outside of all regions.
inline double sharers_of(const SharedRegions& regions, std::uint64_t address) {
    for (const SharedRegion& region : regions) {
        if (address >= region.begin && address < region.end) return region.sharers;
    }
    return 1;
}

}  // namespace stcsim
