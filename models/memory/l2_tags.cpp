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

L2Tags::L2Tags(const L2CacheParameters& parameters)
    : ways_(parameters.ways),
      sets_(parameters.capacity.value() / parameters.line.value() / parameters.ways),
      lines_(sets_ * ways_),
      last_use_(sets_ * ways_),
      sectors_(sets_ * ways_) {}

std::size_t L2Tags::first_way(std::uint64_t hash) const {
    return (hash >> 20) % sets_ * ways_;
}

std::size_t L2Tags::way_of(std::uint64_t line, std::size_t first) const {
    const std::uint32_t tag = tag_of(line);
    for (std::size_t way = first; way < first + ways_; ++way) {
        if (lines_[way] == tag) return way;
    }
    return not_found;
}

L2Sectors* L2Tags::find(std::uint64_t line) {
    const std::size_t way = way_of(line, first_way(hash_address(line)));
    return way == not_found ? nullptr : &sectors_[way];
}

L2Sectors* L2Tags::access(std::uint64_t line, std::uint64_t hash, std::optional<Eviction>& evicted) {
    const std::size_t first = first_way(hash);
    std::size_t way = way_of(line, first);
    if (way == not_found) {
        for (std::size_t candidate = first; candidate < first + ways_; ++candidate) {
            if (sectors_[candidate].requested != 0) continue;
            if (way == not_found || last_use_[candidate] < last_use_[way]) way = candidate;
        }
        if (way == not_found) return nullptr;
        if (sectors_[way].dirty != 0)
            evicted = Eviction{.line = lines_[way] - std::uint64_t{1}, .dirty = sectors_[way].dirty};
        lines_[way] = tag_of(line);
        sectors_[way] = {};
    }
    last_use_[way] = ++uses_;
    return &sectors_[way];
}

}  // namespace stcsim
