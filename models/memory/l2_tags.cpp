#include "memory/l2_tags.h"

#include <algorithm>

namespace stcsim {

L2Tags::L2Tags(const L2CacheParameters& parameters, Bytes capacity)
    : partitions_(parameters.partitions),
      ways_(parameters.ways),
      sets_(capacity.value() / parameters.line.value() / parameters.ways),
      tags_(sets_.value() * ways_),
      last_use_(sets_.value() * ways_),
      sectors_(sets_.value() * ways_),
      ready_(sets_.value() * ways_) {}

std::uint32_t L2Tags::replace(std::uint64_t line, std::size_t first, std::optional<Eviction>& evicted) {
    const auto* const uses = &last_use_[first];
    const auto way = static_cast<std::uint32_t>(std::min_element(uses, uses + ways_) - uses);
    L2Sectors& sectors = sectors_[first + way];
    if (sectors.dirty != 0) evicted = Eviction{.line = tags_[first + way] - std::uint64_t{1}, .dirty = sectors.dirty};
    tags_[first + way] = tag_of(line);
    sectors = {};
    ready_[first + way] = 0;
    return way;
}

void L2Tags::all_arrived() {
    for (L2Sectors& sectors : sectors_) sectors.pending = 0;
    std::ranges::fill(ready_, 0.0);
}

void L2Tags::halve_uses() {
    // Halving keeps the order but for neighbours, once in four billion uses.
    uses_ /= 2;
    for (std::uint32_t& use : last_use_) use /= 2;
}

}  // namespace stcsim
