/// The tags of an SM's L1 data cache: which sectors of which lines are there, and which are on their way.
///
/// Overview: lines of four sectors, as in the L2 behind it; set-associative, least recently used. A load that misses
/// allocates the line and marks the sectors as fetched by the transaction that brings them; later loads of these
/// sectors wait for it instead of asking again. Stores go through to the L2 and update what is present; those of local
/// memory stay present. A line whose sectors are under way may be replaced: they pass by then. Caches of different SMs
/// know nothing of each other.
/// Plain code: the LoadStoreUnit drives it, the data lie in the array of the shared memory.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/divisor.h"
#include "base/units.h"
#include "memory/memory_parameters.h"
#include "memory/memory_transaction.h"
#include "sm/sm_parameters.h"

namespace stcsim {

/// What a load finds of a line's sectors. The three masks are disjoint and together what was asked for.
struct L1Lookup {
    std::uint32_t present = 0;
    std::uint32_t awaited = 0;                    ///< under way for earlier loads
    std::uint32_t missing = 0;                    ///< to be fetched by the load's own transaction
    std::array<std::uint32_t, 8> transactions{};  ///< of the awaited sectors: which one brings them
};

/// The bytes of the unified memory that the L1 has when CTAs use `shared` of it: the rest of what the smallest
/// sufficient carve-out leaves.
Bytes l1_capacity(const L1CacheParameters& parameters, Bytes shared);

class L1Cache {
  public:
    /// `lines`: line and sector size, those of the L2. A capacity below one set means that nothing is ever present.
    L1Cache(const L1CacheParameters& parameters, const L2CacheParameters& lines, Bytes capacity);

    /// A load by `transaction`, which fetches what is missing.
    L1Lookup load(const SectorRequest& request, std::uint32_t transaction);
    /// Whether any of the sectors is present, and so updated. With `keep` they all are afterwards.
    bool store(const SectorRequest& request, bool keep);
    /// The sectors that this transaction has brought are present, if their line is still there.
    void fill(const SectorRequest& request, std::uint32_t transaction);
    /// Forgets the sectors: an atomic has changed them behind the cache.
    void drop(const SectorRequest& request);
    /// Forgets everything, also what is under way.
    void invalidate();
    [[nodiscard]] bool is_empty() const { return empty_; }

  private:
    struct Line {
        std::uint64_t tag = 0;  ///< line + 1; 0: empty
        std::uint64_t last_use = 0;
        std::uint32_t present = 0;
        std::uint32_t pending = 0;
        std::array<std::uint32_t, 8> transactions{};  ///< of pending sectors
    };

    [[nodiscard]] Line* find(std::uint64_t line);
    Line& allocate(std::uint64_t line);

    std::uint32_t ways_;
    Divisor sets_;
    std::uint64_t uses_ = 0;
    bool empty_ = true;        ///< nothing was loaded since everything was forgotten
    std::vector<Line> lines_;  ///< by set, then way
};

}  // namespace stcsim
