/// Tags of one partition of the L2: which sectors of which lines are there, and from when on.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "base/aligned_vector.h"
#include "base/divisor.h"
#include "base/error.h"
#include "memory/address_hash.h"
#include "memory/memory_parameters.h"

namespace stcsim {

/// The sectors of one line, as bit masks.
struct alignas(4) L2Sectors {
    std::uint8_t present = 0;  ///< with data, or with data on its way
    std::uint8_t pending = 0;  ///< requested last, and perhaps on their way
    std::uint8_t dirty = 0;    ///< to write back
};

/// The state of one line; valid until the next access to the tags.
struct L2Line {
    L2Sectors& sectors;
    double& ready;  ///< the cycle in which the `pending` sectors can leave the slice
};

/// What had to leave for a new line.
struct Eviction {
    std::uint64_t line = 0;
    std::uint32_t dirty = 0;
};

/// Set-associative, least recently used.
///
/// Most of a large replay's time goes into these look-ups, and most of that into the host's memory: so what a look-up
/// needs of a set - tags, last uses, sectors - is kept in three arrays of 4 bytes per way, one line of the host's cache
/// each for 16 ways, which `prefetch` can ask for ahead.
class L2Tags {
  public:
    /// `capacity`: of this partition.
    L2Tags(const L2CacheParameters& parameters, Bytes capacity);

    /// The set of a line. Lines next to each other whose homes are different partitions have the same set, so that
    /// neighbouring lines fill all sets alike, whether they are all here or only those that have their home here.
    [[nodiscard]] std::size_t set_of(std::uint64_t line) const { return interleave(partitions_.quotient(line), sets_); }

    /// The line of this set, made most recently used; allocated without sectors if it is not there, and then `evicted`
    /// tells which dirty line left.
    L2Line access(std::uint64_t line, std::size_t set, std::optional<Eviction>& evicted) {
        const std::size_t first = set * ways_;
        std::uint32_t way = way_of(line, first);
        if (way == not_found) way = replace(line, first, evicted);
        if (uses_ == std::numeric_limits<std::uint32_t>::max()) halve_uses();
        last_use_[first + way] = ++uses_;
        return {.sectors = sectors_[first + way], .ready = ready_[first + way]};
    }
    /// Nothing is on its way any more.
    void all_arrived();
    /// Tells the host's processor that the set will be needed soon.
    void prefetch(std::size_t set) const {
        const std::size_t first = set * ways_;
        __builtin_prefetch(&tags_[first]);
        __builtin_prefetch(&last_use_[first], 1);
        __builtin_prefetch(&sectors_[first], 1);
    }
    /// The sectors of a line of this set, if it is there; its age stays.
    L2Sectors* find(std::uint64_t line, std::size_t set) {
        const std::uint32_t way = way_of(line, set * ways_);
        return way == not_found ? nullptr : &sectors_[set * ways_ + way];
    }

  private:
    static constexpr std::uint32_t not_found = ~std::uint32_t{0};
    static constexpr std::uint32_t usual_ways = 16;  ///< a constant for the compiler to unroll

    /// Whole line numbers in 32 bits: enough for half a terabyte in lines of 128 bytes.
    static std::uint32_t tag_of(std::uint64_t line) {
        STCSIM_ASSERT(line < std::numeric_limits<std::uint32_t>::max());
        return static_cast<std::uint32_t>(line + 1);
    }
    /// The way that holds the line, of the set whose ways start at `first`.
    [[nodiscard]] std::uint32_t way_of(std::uint64_t line, std::size_t first) const {
        const std::uint32_t tag = tag_of(line);
        const std::uint32_t* const tags = &tags_[first];
        return ways_ == usual_ways ? way_with(tag, tags, usual_ways) : way_with(tag, tags, ways_);
    }
    /// At most one way matches. Looking at all of them without a branch lets the compiler compare several at once.
    static std::uint32_t way_with(std::uint32_t tag, const std::uint32_t* tags, std::uint32_t ways) {
        std::uint32_t number = 0;
        for (std::uint32_t way = 0; way < ways; ++way) number |= tags[way] == tag ? way + 1 : 0;
        return number - 1;
    }
    /// Puts the line in place of the least recently used one.
    std::uint32_t replace(std::uint64_t line, std::size_t first, std::optional<Eviction>& evicted);
    void halve_uses();

    Divisor partitions_;
    std::uint32_t ways_;
    Divisor sets_;
    std::uint32_t uses_ = 0;
    // Per set and way.
    AlignedVector<std::uint32_t> tags_;  ///< line + 1; 0: empty
    AlignedVector<std::uint32_t> last_use_;
    AlignedVector<L2Sectors> sectors_;
    AlignedVector<double> ready_;
};

}  // namespace stcsim
