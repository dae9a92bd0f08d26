/// Tags of the L2: which sectors of which lines are present, requested or dirty. No time in here.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "memory/memory_parameters.h"

namespace stcsim {

/// The sectors of one line, as bit masks.
struct L2Sectors {
    std::uint32_t present = 0;    ///< with data
    std::uint32_t requested = 0;  ///< on their way from memory
    std::uint32_t dirty = 0;      ///< to write back
};

/// What had to leave for a new line.
struct Eviction {
    std::uint64_t line = 0;
    std::uint32_t dirty = 0;
};

/// Set-associative, least recently used. Lines with sectors on their way stay until these have arrived.
class L2Tags {
  public:
    explicit L2Tags(const L2CacheParameters& parameters);

    /// The line's sectors, made most recently used; allocated if it is not there, and then `evicted` tells what left.
    /// Null if every way of the set waits for data. `hash` is hash_address(line).
    L2Sectors* access(std::uint64_t line, std::uint64_t hash, std::optional<Eviction>& evicted);
    /// The line's sectors if it is there; its age stays.
    L2Sectors* find(std::uint64_t line);

  private:
    static constexpr std::size_t not_found = ~std::size_t{0};

    [[nodiscard]] std::size_t first_way(std::uint64_t hash) const;
    [[nodiscard]] std::size_t way_of(std::uint64_t line, std::size_t first) const;

    std::uint32_t ways_;
    std::size_t sets_;
    std::uint64_t uses_ = 0;
    // Kept apart, so that a look-up touches the tags of a set only.
    std::vector<std::uint32_t> lines_;  ///< line + 1; 0: the way is empty
    std::vector<std::uint64_t> last_use_;
    std::vector<L2Sectors> sectors_;
};

}  // namespace stcsim
