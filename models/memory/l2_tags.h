/// Tags of one partition of the L2: which sectors of which lines are there, and from when on.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "memory/memory_parameters.h"

namespace stcsim {

/// The state of one line. Sectors are bit masks.
struct L2Line {
    double ready = 0;          ///< the cycle in which the `pending` sectors can leave the slice
    std::uint8_t present = 0;  ///< with data, or with data on its way
    std::uint8_t pending = 0;  ///< requested last: there from `ready` on
    std::uint8_t dirty = 0;    ///< to write back
};

/// What had to leave for a new line.
struct Eviction {
    std::uint64_t line = 0;
    std::uint32_t dirty = 0;
};

/// Set-associative, least recently used.
class L2Tags {
  public:
    /// `capacity`: of this partition. Lines next to each other whose homes are different partitions have the same set,
    /// so that neighbouring lines fill all sets alike, whether they are all here or only those that have their home
    /// here.
    L2Tags(const L2CacheParameters& parameters, Bytes capacity);

    /// The line, made most recently used; allocated without sectors if it is not there, and then `evicted` tells which
    /// dirty line left.
    L2Line& access(std::uint64_t line, std::optional<Eviction>& evicted);
    /// Tells the host's processor that the line's set will be needed soon.
    void prefetch(std::uint64_t line) const {
        const std::size_t set = set_of(line);
        __builtin_prefetch(&tags_[set * 2 * ways_]);
        __builtin_prefetch(&lines_[set * ways_]);
    }
    /// The line if it is there; its age stays.
    L2Line* find(std::uint64_t line);

  private:
    static constexpr std::uint32_t not_found = ~std::uint32_t{0};

    [[nodiscard]] std::size_t set_of(std::uint64_t line) const;
    /// The way of the set that holds the line.
    [[nodiscard]] std::uint32_t way_of(std::uint64_t line, std::size_t set) const;
    [[nodiscard]] std::uint32_t oldest_way(std::size_t set) const;
    std::uint32_t next_use();

    std::uint32_t partitions_;
    std::uint32_t ways_;
    std::size_t sets_;
    std::uint32_t uses_ = 0;
    // Apart from the lines' state, so that a look-up touches little of the host's memory.
    std::vector<std::uint32_t> tags_;  ///< per set: each way's line + 1 (0: empty), then each way's last use
    std::vector<L2Line> lines_;        ///< per set and way
};

}  // namespace stcsim
