/// Spreads lines over slices, sets and channels.
#pragma once

#include <cstdint>

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

}  // namespace stcsim
