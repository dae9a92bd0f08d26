#include "sm/bank_conflicts.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/error.h"

namespace stcsim {
namespace {

constexpr std::uint32_t known_patterns_bits = 12;
constexpr std::size_t known_patterns = std::size_t{1} << known_patterns_bits;
constexpr std::uint64_t golden_ratio = 0x9e3779b97f4a7c15ULL;  ///< spreads keys by their high bits
constexpr std::uint32_t most_words = 256;                      ///< of one wavefront's lanes

/// Wavefronts of the lanes [first, last): the largest number of different words any bank must deliver.
std::uint32_t group_wavefronts(const LaneAccess& access, std::uint32_t first, std::uint32_t last,
                               std::uint64_t bank_width, std::uint64_t banks) {
    std::array<std::uint64_t, most_words> words;
    std::size_t count = 0;
    for (std::uint32_t lane = first; lane < last; ++lane) {
        if (!access.is_active(lane)) continue;
        const std::uint64_t begin = access.address(lane) / bank_width;
        const std::uint64_t end = (access.address(lane) + access.bytes_per_lane - 1) / bank_width;
        for (std::uint64_t word = begin; word <= end && count < most_words; ++word) words[count++] = word;
    }
    if (count == 0) return 0;
    std::sort(words.begin(), words.begin() + count);
    const auto unique_end = std::unique(words.begin(), words.begin() + count);
    std::array<std::uint8_t, 128> per_bank{};
    std::uint8_t most = 0;
    for (auto word = words.begin(); word != unique_end; ++word) most = std::max(most, ++per_bank[*word % banks]);
    return most;
}

/// Wavefronts in which every lane has each of its banks once for itself.
std::uint32_t exclusive_wavefronts(const LaneAccess& access, std::uint32_t lanes,
                                   const SharedMemoryParameters& parameters) {
    std::array<std::uint32_t, 128> per_bank{};
    std::uint32_t most = 0;
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        if ((lanes >> lane & 1U) == 0) continue;
        const std::uint64_t begin = access.address(lane) / parameters.bank_width.value();
        const std::uint64_t end = (access.address(lane) + access.bytes_per_lane - 1) / parameters.bank_width.value();
        for (std::uint64_t word = begin; word <= end; ++word) {
            most = std::max(most, ++per_bank[word % parameters.banks]);
        }
    }
    return most;
}

/// Of the lanes, those that share their address with a lower one.
std::uint32_t behind_others(const LaneAccess& access, std::uint32_t lanes) {
    std::uint32_t behind = 0;
    for (std::uint32_t lane = 1; lane < warp_lanes; ++lane) {
        if ((lanes >> lane & 1U) == 0) continue;
        for (std::uint32_t lower = 0; lower < lane; ++lower) {
            if ((lanes >> lower & 1U) != 0 && access.address(lower) == access.address(lane)) behind |= 1U << lane;
        }
    }
    return behind;
}

}  // namespace

AtomicPlan atomic_plan(const LaneAccess& access, AtomicForm form, const SharedMemoryParameters& parameters) {
    if (access.active == 0) return {.wavefronts = 1};
    switch (form) {
        case AtomicForm::counting: return {.wavefronts = shared_wavefronts(access, parameters)};
        case AtomicForm::native: return {.wavefronts = exclusive_wavefronts(access, access.active, parameters)};
        case AtomicForm::swap_loop: break;
    }
    AtomicPlan plan{.wavefronts = 0, .rounds = 0};
    for (std::uint32_t left = access.active; left != 0; left = behind_others(access, left)) {
        plan.wavefronts += exclusive_wavefronts(access, left, parameters);
        ++plan.rounds;
    }
    return plan;
}

std::uint32_t shared_wavefronts(const LaneAccess& access, const SharedMemoryParameters& parameters) {
    const std::uint64_t width = parameters.bank_width.value() * parameters.banks;
    const auto lanes_per_group =
        static_cast<std::uint32_t>(std::clamp<std::uint64_t>(width / access.bytes_per_lane, 1, warp_lanes));
    std::uint32_t wavefronts = 0;
    for (std::uint32_t first = 0; first < warp_lanes; first += lanes_per_group) {
        wavefronts += group_wavefronts(access, first, std::min(first + lanes_per_group, warp_lanes),
                                       parameters.bank_width.value(), parameters.banks);
    }
    return std::max(wavefronts, 1U);
}

BankConflicts::BankConflicts(const SharedMemoryParameters& parameters)
    : parameters_(parameters), known_(known_patterns) {}

std::uint32_t BankConflicts::wavefronts(const LaneAccess& access) {
    // Moving all lanes by the same number of words only renames the banks; by less, it changes the words.
    if (access.base % parameters_.bank_width.value() != 0) return shared_wavefronts(access, parameters_);
    const std::uint64_t key = (std::bit_cast<std::uintptr_t>(access.offsets) ^ access.active) * golden_ratio;
    KnownPattern& known = known_[key >> (64 - known_patterns_bits)];
    if (known.offsets != access.offsets || known.active != access.active ||
        known.bytes_per_lane != access.bytes_per_lane) {
        known = {access.offsets, access.active, access.bytes_per_lane,
                 static_cast<std::uint8_t>(shared_wavefronts(access, parameters_))};
    }
    return known.wavefronts;
}

}  // namespace stcsim
