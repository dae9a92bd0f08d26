#include "sm/l1_cache.h"

#include <algorithm>

#include "base/error.h"
#include "memory/address_hash.h"

namespace stcsim {

Bytes l1_capacity(const L1CacheParameters& parameters, Bytes shared) {
    Bytes taken = parameters.unified_memory;
    if (shared == Bytes(0)) taken = Bytes(0);
    for (const Bytes carve_out : parameters.carve_outs.sizes) {
        if (carve_out >= shared) taken = std::min(taken, carve_out);
    }
    return parameters.unified_memory - taken;
}

L1Cache::L1Cache(const L1CacheParameters& parameters, const L2CacheParameters& lines, Bytes capacity)
    : ways_(parameters.ways),
      sets_(std::max<std::uint64_t>(1, capacity.value() / lines.line.value() / parameters.ways)) {
    STCSIM_ASSERT(lines.line.value() / lines.sector.value() <= Line{}.transactions.size());
    if (capacity.value() >= lines.line.value() * parameters.ways) lines_.resize(sets_.value() * ways_);
}

L1Cache::Line* L1Cache::find(std::uint64_t line) {
    if (lines_.empty()) return nullptr;
    Line* const first = &lines_[interleave(line, sets_) * ways_];
    Line* const found = std::find_if(first, first + ways_, [&](const Line& way) { return way.tag == line + 1; });
    if (found == first + ways_) return nullptr;
    found->last_use = ++uses_;
    return found;
}

L1Cache::Line& L1Cache::allocate(std::uint64_t line) {
    Line* const first = &lines_[interleave(line, sets_) * ways_];
    Line& victim =
        *std::min_element(first, first + ways_, [](const Line& a, const Line& b) { return a.last_use < b.last_use; });
    victim = {.tag = line + 1, .last_use = ++uses_};
    empty_ = false;
    return victim;
}

L1Lookup L1Cache::load(const SectorRequest& request, std::uint32_t transaction) {
    L1Lookup result;
    result.missing = request.sectors;
    if (lines_.empty()) return result;
    Line* line = find(request.line);
    if (line == nullptr) line = &allocate(request.line);
    result.present = request.sectors & line->present;
    result.awaited = request.sectors & line->pending;
    result.missing = request.sectors & ~(line->present | line->pending);
    result.transactions = line->transactions;
    line->pending |= result.missing;
    for (std::size_t sector = 0; sector < line->transactions.size(); ++sector) {
        if ((result.missing >> sector & 1U) != 0) line->transactions[sector] = transaction;
    }
    return result;
}

bool L1Cache::store(const SectorRequest& request, bool keep) {
    if (lines_.empty()) return false;
    Line* line = find(request.line);
    const bool updates = line != nullptr && (line->present & request.sectors) != 0;
    if (keep) {
        if (line == nullptr) line = &allocate(request.line);
        line->present |= request.sectors & ~line->pending;
    }
    return updates;
}

void L1Cache::fill(const SectorRequest& request, std::uint32_t transaction) {
    Line* const line = find(request.line);
    if (line == nullptr) return;
    for (std::size_t sector = 0; sector < line->transactions.size(); ++sector) {
        const std::uint32_t bit = 1U << sector;
        if ((request.sectors & line->pending & bit) == 0 || line->transactions[sector] != transaction) continue;
        line->pending &= ~bit;
        line->present |= bit;
    }
}

void L1Cache::drop(const SectorRequest& request) {
    if (Line* const line = find(request.line)) {
        line->present &= ~request.sectors;
        line->pending &= ~request.sectors;
    }
}

void L1Cache::invalidate() {
    if (empty_) return;
    std::ranges::fill(lines_, Line{});
    empty_ = true;
}

}  // namespace stcsim
