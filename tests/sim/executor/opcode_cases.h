/// Snippets that execute one opcode each, and what they must leave behind.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

namespace stcsim {

/// What a thread's registers hold before a snippet: %r10..12 (b32), %d10..12 (b64), %h10..12 (b16), %f10..12, %e10..12
/// (f64), %g10..12 (f16), %x10..12 (f16x2), %p10 and %p11.
struct ThreadValues {
    std::uint32_t thread;
    std::array<std::int32_t, 3> r;
    std::array<std::int64_t, 3> d;
    std::array<float, 3> f;  ///< also of %e; exact in f16
    std::array<std::uint16_t, 3> g;
    std::array<std::uint32_t, 3> x;
    bool p10, p11;
};
ThreadValues values_of_thread(std::uint32_t thread);

/// A snippet leaves its result in %r20, %d20, %h20, %f20, %e20, %g20, %x20 or %p20, as `result` says. It finds 64 bytes
/// of global, shared and local memory of its own at %d30, %r30 and %d31, all of them zero.
struct OpcodeCase {
    std::string text;
    std::string result;
    std::function<std::uint64_t(const ThreadValues&)> expected;
};

/// The case of an opcode of the reference; empty if there is none. Not of mma, wmma and what is tested otherwise.
OpcodeCase opcode_case(const std::string& opcode);

}  // namespace stcsim
