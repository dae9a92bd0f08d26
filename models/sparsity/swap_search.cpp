#include "sparsity/swap_search.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace stcsim {
namespace {

constexpr std::int64_t no_gain = std::numeric_limits<std::int64_t>::min();

/// Slots whose columns are compared with all others before the next ones, so that both stay in the cache.
constexpr std::size_t tile = 16;

}  // namespace

SwapSearch::SwapSearch(ColumnGroups groups, std::uint64_t work, std::uint32_t escapes, std::uint64_t seed)
    : groups_(std::move(groups)), best_(groups_.slots()), work_left_(work), escapes_(escapes), random_(seed) {}

std::vector<std::uint32_t> SwapSearch::run() {
    std::vector<std::size_t> all(groups_.groups());
    std::iota(all.begin(), all.end(), std::size_t{0});
    const std::uint64_t first_round = std::uint64_t{groups_.slots()} * groups_.slots() * groups_.rows();
    work_left_ += first_round;
    for (const std::size_t group : all) groups_.pair_anew(group);
    update_swaps(all);
    descend();
    for (std::uint32_t i = 0; i < escapes_ && work_left_ > 0 && groups_.groups() > 1; ++i) escape();
    return {groups_.columns().begin(), groups_.columns().end()};
}

void SwapSearch::descend() {
    while (work_left_ > 0) {
        const std::vector<std::size_t> touched = swap_round();
        if (touched.empty()) return;
        for (const std::size_t group : touched) groups_.pair_anew(group);
        update_swaps(touched);
    }
}

std::vector<std::size_t> SwapSearch::swap_round() {
    std::vector<std::size_t> order;
    for (std::size_t slot = 0; slot < best_.size(); ++slot) {
        if (best_[slot].gain > 0) order.push_back(slot);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return best_[a].gain > best_[b].gain; });
    std::vector<bool> taken(groups_.groups());
    std::vector<std::size_t> touched;
    for (const std::size_t slot : order) {
        const std::size_t partner = best_[slot].partner;
        const std::size_t group = groups_.group_of(slot);
        const std::size_t other = groups_.group_of(partner);
        if (taken[group] || taken[other]) continue;
        taken[group] = taken[other] = true;
        groups_.swap(slot, partner);
        touched.insert(touched.end(), {group, other});
    }
    changed_.insert(changed_.end(), touched.begin(), touched.end());
    return touched;
}

void SwapSearch::escape() {
    const std::int64_t kept = groups_.kept();
    const std::vector<std::uint32_t> columns(groups_.columns().begin(), groups_.columns().end());
    const std::vector<BestSwap> best = best_;
    changed_.clear();
    for (int swaps = 0; swaps < 2; ++swaps) {
        const std::size_t slot = random_() % groups_.slots();
        const std::size_t other = random_() % groups_.slots();
        if (groups_.group_of(slot) == groups_.group_of(other)) continue;
        groups_.swap(slot, other);
        changed_.insert(changed_.end(), {groups_.group_of(slot), groups_.group_of(other)});
    }
    update_swaps(std::vector<std::size_t>(changed_));
    descend();
    if (groups_.kept() > kept) return;
    std::sort(changed_.begin(), changed_.end());
    changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
    const std::size_t size = groups_.pattern().group;
    for (const std::size_t group : changed_) groups_.assign(group, std::span(columns).subspan(group * size, size));
    best_ = best;
}

void SwapSearch::update_swaps(const std::vector<std::size_t>& touched) {
    std::vector<bool> is_touched(groups_.groups());
    for (const std::size_t group : touched) is_touched[group] = true;
    std::vector<bool> stale(groups_.slots());
    std::vector<std::size_t> stale_slots;
    for (std::size_t slot = 0; slot < groups_.slots(); ++slot) {
        const bool never = best_[slot].gain == no_gain;
        stale[slot] = never || is_touched[groups_.group_of(slot)] || is_touched[groups_.group_of(best_[slot].partner)];
        if (!stale[slot]) continue;
        best_[slot] = {no_gain, slot};
        stale_slots.push_back(slot);
    }
    for (std::size_t first = 0; first < stale_slots.size(); first += tile) {
        const std::size_t end = std::min(stale_slots.size(), first + tile);
        for (std::size_t other = 0; other < groups_.slots(); ++other) {
            for (std::size_t s = first; s < end; ++s) {
                const std::size_t slot = stale_slots[s];
                // A pair of stale slots is met twice: once is enough.
                if (groups_.group_of(slot) == groups_.group_of(other) || (stale[other] && other < slot)) continue;
                consider(slot, other);
            }
        }
    }
}

void SwapSearch::consider(std::size_t slot, std::size_t other) {
    const std::int64_t gain = groups_.gain(slot, other);
    work_left_ -= std::min<std::uint64_t>(work_left_, 2 * groups_.rows());
    if (gain > best_[slot].gain) best_[slot] = {gain, other};
    if (gain > best_[other].gain) best_[other] = {gain, slot};
}

}  // namespace stcsim
