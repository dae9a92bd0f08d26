#include "ptx_timing/lane_patterns.h"

#include <bit>

#include <fmt/format.h>

#include "base/error.h"

namespace stcsim {
namespace {

constexpr std::size_t most_patterns = std::size_t{1} << 22;

std::uint64_t hash_of(const LaneOffsets& offsets) {
    std::uint64_t hash = 0;
    for (const std::uint64_t offset : offsets) hash = (std::rotl(hash, 5) ^ offset) * 0x9e3779b97f4a7c15ULL;
    return hash;
}

}  // namespace

LaneAccess LanePatterns::access(const LaneOffsets& addresses, std::uint32_t active, std::uint32_t bytes_per_lane) {
    LaneAccess result;
    result.active = active;
    result.bytes_per_lane = static_cast<std::uint8_t>(bytes_per_lane);
    if (active != 0) result.base = addresses[static_cast<std::size_t>(std::countr_zero(active))];
    LaneOffsets offsets{};
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        // Below the first lane's address the difference wraps around, and comes back when added.
        if (((active >> lane) & 1U) != 0) offsets[lane] = addresses[lane] - result.base;
    }
    result.offsets = intern(offsets);
    return result;
}

const LaneOffsets* LanePatterns::intern(const LaneOffsets& offsets) {
    const std::uint64_t hash = hash_of(offsets);
    const auto [first, last] = by_hash_.equal_range(hash);
    for (auto known = first; known != last; ++known) {
        if (*known->second == offsets) return known->second;
    }
    if (patterns_.size() == most_patterns) {
        throw InputError({}, fmt::format("a kernel whose warps touch memory in more than {} patterns", most_patterns),
                         "regular accesses, or a run without timing");
    }
    patterns_.push_back(offsets);
    by_hash_.emplace(hash, &patterns_.back());
    return &patterns_.back();
}

}  // namespace stcsim
