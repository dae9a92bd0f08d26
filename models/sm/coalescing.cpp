#include "sm/coalescing.h"

#include <algorithm>
#include <array>
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
                requests.push_back({.line = line, .sectors = bit});
            } else {
                found->sectors |= bit;
            }
        }
    }
    std::uint32_t sectors = 0;
    for (const SectorRequest& request : requests) sectors += static_cast<std::uint32_t>(std::popcount(request.sectors));
    return sectors;
}

std::uint32_t coalesce_atomic(const LaneAccess& access, const L2CacheParameters& cache,
                              std::vector<SectorRequest>& requests) {
    const std::uint32_t sectors = coalesce(access, cache, requests);
    const std::uint64_t sector_bytes = cache.sector.value();
    struct SectorTurns {
        std::uint64_t sector = 0;
        std::uint16_t turns = 0;
    };
    std::array<SectorTurns, warp_lanes> busy{};
    std::size_t count = 0;
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        if (!access.is_active(lane)) continue;
        const std::uint64_t address = access.address(lane);
        std::uint16_t turn = 1;
        for (std::uint32_t earlier = 0; earlier < lane; ++earlier) {
            if (access.is_active(earlier) && access.address(earlier) == address) ++turn;
        }
        // Atomics are aligned: none crosses a sector.
        const std::uint64_t sector = address / sector_bytes;
        auto* const known = std::find_if(busy.begin(), busy.begin() + count,
                                         [&](const SectorTurns& other) { return other.sector == sector; });
        if (known == busy.begin() + count) busy[count++].sector = sector;
        known->turns = std::max(known->turns, turn);
        const std::uint64_t line = address / cache.line.value();
        const auto request = std::ranges::find(requests, line, &SectorRequest::line);
        request->operand_bytes = static_cast<std::uint16_t>(request->operand_bytes + access.bytes_per_lane);
    }
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t line = busy[i].sector * sector_bytes / cache.line.value();
        const auto request = std::ranges::find(requests, line, &SectorRequest::line);
        request->turns = static_cast<std::uint16_t>(request->turns + busy[i].turns);
    }
    return sectors;
}

}  // namespace stcsim
