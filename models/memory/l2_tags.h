/// Tags of the L2: which sectors of which lines are present, requested or dirty. No time in here.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "memory/memory_parameters.h"

namespace stcsim {

/// One line's state.
struct L2Line {
    std::uint64_t line = 0;
    std::uint64_t last_use = 0;      ///< 0: the way is empty
    std::uint32_t present = 0;       ///< sectors with data
    std::uint32_t requested = 0;     ///< sectors on their way from memory
    std::uint32_t dirty = 0;         ///< sectors to write back
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

    /// `hash` is hash_address(line). The line, made most recently used; allocated if it is not there, and then `evicted` tells what left. Null if
    /// every way of the set waits for data.
    L2Line* access(std::uint64_t line, std::uint64_t hash, std::optional<Eviction>& evicted);
    /// The line if it is there; its age stays.
    L2Line* find(std::uint64_t line);

  private:
    [[nodiscard]] std::size_t set_of(std::uint64_t hash) const;

    std::uint32_t ways_;
    std::size_t sets_;
    std::uint64_t uses_ = 0;
    std::vector<L2Line> lines_;
};

}  // namespace stcsim
