#include "kernel/stream_k.h"

#include <algorithm>

#include "base/error.h"

namespace stcsim {
namespace {

/// k-tiles that are worth a CTA (CUTLASS 2.11, `kMinItersPerSkBlock`).
constexpr std::uint64_t least_run = 2;

}  // namespace

StreamK::StreamK(std::uint64_t tiles, std::uint64_t k_tiles, std::uint64_t ctas)
    : tiles_(tiles), k_tiles_(k_tiles), ctas_(ctas), shared_tiles_(0) {
    STCSIM_ASSERT(tiles > 0 && k_tiles > 0 && ctas > 0);
    if (tiles < ctas) {
        ctas_ = std::min(ctas, std::max(tiles, tiles * k_tiles / least_run));
        shared_tiles_ = tiles;
    } else if (tiles % ctas != 0) {
        shared_tiles_ = tiles % ctas + ctas;
    }
}

std::uint64_t StreamK::run_begin(std::uint64_t cta) const {
    // The first CTAs take what does not divide evenly.
    const std::uint64_t all = shared_tiles_ * k_tiles_;
    return cta * (all / ctas_) + std::min(cta, all % ctas_);
}

std::uint64_t StreamK::cta_at(std::uint64_t k_tile) const {
    const std::uint64_t all = shared_tiles_ * k_tiles_;
    const std::uint64_t shorter = all / ctas_;
    const std::uint64_t in_longer = all % ctas_ * (shorter + 1);
    return k_tile < in_longer ? k_tile / (shorter + 1) : all % ctas_ + (k_tile - in_longer) / shorter;
}

std::vector<StreamK::Part> StreamK::parts_of(std::uint64_t cta) const {
    std::vector<Part> parts;
    const std::uint64_t begin = run_begin(cta);
    for (std::uint64_t end = run_begin(cta + 1); end > begin;) {
        const std::uint64_t tile = (end - 1) / k_tiles_;
        const std::uint64_t tile_begin = tile * k_tiles_;
        const std::uint64_t first = std::max(begin, tile_begin);
        const bool finishes = end == tile_begin + k_tiles_;
        const std::uint64_t first_peer = finishes ? cta_at(tile_begin) : cta;
        parts.push_back({.tile = tile,
                         .first_k_tile = first - tile_begin,
                         .k_tiles = end - first,
                         .finishes = finishes,
                         .first_peer = first_peer,
                         .peers = cta - first_peer});
        end = first;
    }
    for (std::uint64_t tile = shared_tiles_ + cta; tile < tiles_; tile += ctas_) {
        parts.push_back(
            {.tile = tile, .first_k_tile = 0, .k_tiles = k_tiles_, .finishes = true, .first_peer = cta, .peers = 0});
    }
    return parts;
}

std::uint64_t StreamK::finisher_of(std::uint64_t tile) const {
    return tile < shared_tiles_ ? cta_at((tile + 1) * k_tiles_ - 1) : (tile - shared_tiles_) % ctas_;
}

}  // namespace stcsim
