#include "sm/coalescing.h"

#include <algorithm>
#include <bit>

namespace stcsim {

std::uint32_t coalesce(const LaneAccess& access, const L2CacheParameters& cache, std::vector<SectorRequest>& requests) {
    requests.clear();
    const std::uint64_t sector_bytes = cache.sector.value();
    const std::uint64_t sectors_per_line = cache.line.value() / sector_bytes;
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        if (!access.is_active(lane)) continue;
        const std::uint64_t first = access.address(lane) / sector_bytes;
        const std::uint64_t last = (access.address(lane) + access.bytes_per_lane - 1) / sector_bytes;
        for (std::uint64_t sector = first; sector <= last; ++sector) {
            const std::uint64_t line = sector / sectors_per_line;
            const std::uint32_t bit = 1U << (sector % sectors_per_line);
            // Neighbouring lanes mostly touch the line of the lane before: search from the back.
            const auto found = std::find_if(requests.rbegin(), requests.rend(),
                                            [&](const SectorRequest& request) { return request.line == line; });
            if (found == requests.rend()) {
                requests.push_back({line, bit});
            } else {
                found->sectors |= bit;
            }
        }
    }
    std::uint32_t sectors = 0;
    for (const SectorRequest& request : requests) sectors += static_cast<std::uint32_t>(std::popcount(request.sectors));
    return sectors;
}

}  // namespace stcsim
