/// Spreads lines over slices, sets and channels.
#pragma once

#include <cstdint>

#include "base/divisor.h"

namespace stcsim {

/// A mixing of the bits of a line number (the finaliser of MurmurHash3, public domain), so that power-of-two strides do
/// not fall onto one slice or channel. The hash of the real hardware is not published; only its evenness matters here.
constexpr std::uint64_t hash_address(std::uint64_t line) {
    line ^= line >> 33;
    line *= 0xff51afd7ed558ccdULL;
    line ^= line >> 33;
    line *= 0xc4ceb9fe1a85ec53ULL;
    line ^= line >> 33;
    return line;
}

/// One of `places` for the block of memory with this number: of neighbouring blocks, each next `places` go to different
/// places, so that a stream uses all alike; from one such group to the next they are rotated by a hash.
inline std::uint64_t interleave(std::uint64_t block, const Divisor& places) {
    const std::uint64_t count = places.value();
    const std::uint64_t group = places.quotient(block);
    const std::uint64_t turned = block - group * count + ((hash_address(group) >> 32U) * count >> 32U);
    return turned < count ? turned : turned - count;
}

}  // namespace stcsim
