/// Stream-K: how a fixed number of CTAs share the k-tiles of all tiles of D.
///
/// After Osama et al., "Stream-K: Work-centric Parallel Decomposition for Dense Matrix-Matrix Multiplication on the
/// GPU" (arXiv 2301.03598), in the order of work of CUTLASS 2.11 (`ThreadblockSwizzleStreamK`): if the tiles do not
/// fill whole waves, the first ones - all of them, or those beyond the last wave and one wave more ("two-tile") - are
/// shared: their k-tiles, numbered through, are cut into runs of equal length, one for each CTA. Each CTA works on its
/// run's tiles from the last to the first, so that what others wait for comes first, then on whole tiles of the waves
/// left. The CTA that has a tile's last k-tile finishes it: it adds the sums of those that have begun it, which are
/// launched before it.
#pragma once

#include <cstdint>
#include <vector>

namespace stcsim {

class StreamK {
  public:
    /// `ctas`: at least 1. Of fewer tiles than these, no more CTAs share than get two k-tiles each, or a tile each
    /// (two is CUTLASS's least).
    StreamK(std::uint64_t tiles, std::uint64_t k_tiles, std::uint64_t ctas);

    [[nodiscard]] std::uint64_t ctas() const { return ctas_; }
    /// Tiles whose k-tiles are shared: those of the lowest numbers.
    [[nodiscard]] std::uint64_t shared_tiles() const { return shared_tiles_; }

    /// Some k-tiles of one tile, and who else works on it.
    struct Part {
        std::uint64_t tile;
        std::uint64_t first_k_tile;
        std::uint64_t k_tiles;
        bool finishes;             ///< stores D; otherwise it leaves its sums to the CTA that does
        std::uint64_t first_peer;  ///< finishes: the first of the CTAs whose sums it adds
        std::uint64_t peers;       ///< up to the CTA itself
    };
    /// What a CTA does, in order. It leaves sums to another CTA at most once, in its first part.
    [[nodiscard]] std::vector<Part> parts_of(std::uint64_t cta) const;
    /// The CTA that finishes a tile.
    [[nodiscard]] std::uint64_t finisher_of(std::uint64_t tile) const;

  private:
    [[nodiscard]] std::uint64_t run_begin(std::uint64_t cta) const;
    [[nodiscard]] std::uint64_t cta_at(std::uint64_t k_tile) const;

    std::uint64_t tiles_;
    std::uint64_t k_tiles_;
    std::uint64_t ctas_;
    std::uint64_t shared_tiles_;
};

}  // namespace stcsim
