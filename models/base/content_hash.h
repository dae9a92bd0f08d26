/// A short fingerprint of an input, so that a result says exactly what it was made from.
#pragma once

#include <cstdint>
#include <string_view>

namespace stcsim {

/// FNV-1a, 64 bits (Fowler, Noll and Vo; draft-eastlake-fnv, section 2): tells inputs apart, protects from nobody.
constexpr std::uint64_t content_hash(std::string_view content) {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char c : content) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001B3U;
    }
    return hash;
}

// Test vectors of the draft, appendix C.
static_assert(content_hash("") == 0xCBF29CE484222325U);
static_assert(content_hash("foobar") == 0x85944171F73967E8U);

}  // namespace stcsim
