#include "memory/l2_tags.h"

#include <limits>

#include "base/error.h"
#include "memory/address_hash.h"

namespace stcsim {
namespace {

/// Whole line numbers in 32 bits, so that the tags of a set of 16 ways share one line of the host's cache: enough for
/// half a terabyte in lines of 128 bytes.
std::uint32_t tag_of(std::uint64_t line) {
    STCSIM_ASSERT(line < std::numeric_limits<std::uint32_t>::max());
    return static_cast<std::uint32_t>(line + 1);
}

}  // namespace

L2Tags::L2Tags(const L2CacheParameters& parameters, Bytes capacity)
    : partitions_(parameters.partitions),
      ways_(parameters.ways),
      sets_(capacity.value() / parameters.line.value() / parameters.ways),
      tags_(sets_ * ways_),
      lines_(sets_ * ways_) {
    STCSIM_ASSERT(sets_ > 0);
}

std::size_t L2Tags::first_way(std::uint64_t line) const {
    return interleave(line / partitions_, sets_) * ways_;
}

std::size_t L2Tags::way_of(std::uint64_t line, std::size_t first) const {
    const std::uint32_t tag = tag_of(line);
    for (std::size_t way = first; way < first + ways_; ++way) {
        if (tags_[way] == tag) return way;
    }
    return not_found;
}

std::uint32_t L2Tags::next_use() {
    if (uses_ == std::numeric_limits<std::uint32_t>::max()) {
        // Halving keeps the order but for neighbours, once in four billion uses.
        uses_ /= 2;
        for (L2Line& line : lines_) line.last_use /= 2;
    }
    return ++uses_;
}

L2Line* L2Tags::find(std::uint64_t line) {
    const std::size_t way = way_of(line, first_way(line));
    return way == not_found ? nullptr : &lines_[way];
}

L2Line& L2Tags::access(std::uint64_t line, std::optional<Eviction>& evicted) {
    const std::size_t first = first_way(line);
    std::size_t way = way_of(line, first);
    if (way == not_found) {
        way = first;
        for (std::size_t candidate = first + 1; candidate < first + ways_; ++candidate) {
            if (lines_[candidate].last_use < lines_[way].last_use) way = candidate;
        }
        if (lines_[way].dirty != 0) {
            evicted = Eviction{.line = tags_[way] - std::uint64_t{1}, .dirty = lines_[way].dirty};
        }
        tags_[way] = tag_of(line);
        lines_[way] = {};
    }
    lines_[way].last_use = next_use();
    return lines_[way];
}

}  // namespace stcsim
