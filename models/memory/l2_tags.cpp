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
      tags_(sets_ * 2 * ways_),
      lines_(sets_ * ways_) {
    STCSIM_ASSERT(sets_ > 0);
}

std::size_t L2Tags::set_of(std::uint64_t line) const {
    return interleave(line / partitions_, sets_);
}

std::uint32_t L2Tags::way_of(std::uint64_t line, std::size_t set) const {
    const std::uint32_t tag = tag_of(line);
    const std::uint32_t* const tags = &tags_[set * 2 * ways_];
    // At most one way matches. Looking at all of them without a branch lets the compiler compare several at once.
    std::uint32_t number = 0;
    for (std::uint32_t way = 0; way < ways_; ++way) number |= tags[way] == tag ? way + 1 : 0;
    return number - 1;
}

std::uint32_t L2Tags::oldest_way(std::size_t set) const {
    const std::uint32_t* const last_use = &tags_[set * 2 * ways_ + ways_];
    std::uint32_t oldest = 0;
    for (std::uint32_t way = 1; way < ways_; ++way) {
        if (last_use[way] < last_use[oldest]) oldest = way;
    }
    return oldest;
}

std::uint32_t L2Tags::next_use() {
    if (uses_ == std::numeric_limits<std::uint32_t>::max()) {
        // Halving keeps the order but for neighbours, once in four billion uses.
        uses_ /= 2;
        for (std::size_t set = 0; set < sets_; ++set) {
            for (std::uint32_t way = 0; way < ways_; ++way) tags_[(set * 2 + 1) * ways_ + way] /= 2;
        }
    }
    return ++uses_;
}

L2Line* L2Tags::find(std::uint64_t line) {
    const std::size_t set = set_of(line);
    const std::uint32_t way = way_of(line, set);
    return way == not_found ? nullptr : &lines_[set * ways_ + way];
}

L2Line& L2Tags::access(std::uint64_t line, std::optional<Eviction>& evicted) {
    const std::size_t set = set_of(line);
    std::uint32_t way = way_of(line, set);
    if (way == not_found) {
        way = oldest_way(set);
        std::uint32_t& tag = tags_[set * 2 * ways_ + way];
        L2Line& state = lines_[set * ways_ + way];
        if (state.dirty != 0) evicted = Eviction{.line = tag - std::uint64_t{1}, .dirty = state.dirty};
        tag = tag_of(line);
        state = {};
    }
    tags_[(set * 2 + 1) * ways_ + way] = next_use();
    return lines_[set * ways_ + way];
}

}  // namespace stcsim
