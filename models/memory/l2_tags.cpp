#include "memory/l2_tags.h"

#include "memory/address_hash.h"

namespace stcsim {

L2Tags::L2Tags(const L2CacheParameters& parameters)
    : ways_(parameters.ways),
      sets_(parameters.capacity.value() / parameters.line.value() / parameters.ways),
      lines_(sets_ * parameters.ways) {}

std::size_t L2Tags::set_of(std::uint64_t hash) const {
    return (hash >> 20) % sets_ * ways_;
}

L2Line* L2Tags::find(std::uint64_t line) {
    const std::size_t first = set_of(hash_address(line));
    for (std::size_t way = first; way < first + ways_; ++way) {
        if (lines_[way].line == line && lines_[way].last_use != 0) return &lines_[way];
    }
    return nullptr;
}

L2Line* L2Tags::access(std::uint64_t line, std::uint64_t hash, std::optional<Eviction>& evicted) {
    const std::size_t first = set_of(hash);
    L2Line* victim = nullptr;
    for (std::size_t way = first; way < first + ways_; ++way) {
        L2Line& candidate = lines_[way];
        if (candidate.line == line && candidate.last_use != 0) {
            candidate.last_use = ++uses_;
            return &candidate;
        }
        if (candidate.requested != 0) continue;
        if (victim == nullptr || candidate.last_use < victim->last_use) victim = &candidate;
    }
    if (victim == nullptr) return nullptr;
    if (victim->dirty != 0) evicted = Eviction{.line = victim->line, .dirty = victim->dirty};
    *victim = {.line = line, .last_use = ++uses_};
    return victim;
}

}  // namespace stcsim
