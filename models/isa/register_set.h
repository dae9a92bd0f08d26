/// Registers of a thread: ranges and sets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/machine_state.h"

namespace stcsim {

/// Consecutive 32-bit registers of a thread; empty if `count` is 0.
struct RegisterRange {
    std::uint8_t first = 0;
    std::uint8_t count = 0;
};

inline void visit_state(StateVisitor& state, RegisterRange& range) {
    const auto& [first, count] = range;
    state.same(first, count);
}

/// A set of the 256 registers of a warp.
class RegisterSet {
  public:
    void insert(RegisterRange range) {
        for_words(range, [this](std::size_t word, std::uint64_t mask) { words_[word] |= mask; });
    }
    void insert(const RegisterSet& other) {
        for (std::size_t word = 0; word < words_.size(); ++word) words_[word] |= other.words_[word];
    }
    void erase(RegisterRange range) {
        for_words(range, [this](std::size_t word, std::uint64_t mask) { words_[word] &= ~mask; });
    }
    [[nodiscard]] bool overlaps(RegisterRange range) const {
        bool any = false;
        for_words(range, [&](std::size_t word, std::uint64_t mask) { any |= (words_[word] & mask) != 0; });
        return any;
    }
    [[nodiscard]] bool overlaps(const RegisterSet& other) const {
        return ((words_[0] & other.words_[0]) | (words_[1] & other.words_[1]) | (words_[2] & other.words_[2]) |
                (words_[3] & other.words_[3])) != 0;
    }

    void visit_state(StateVisitor& state) const { state.same(words_[0], words_[1], words_[2], words_[3]); }

  private:
    /// Calls `act(word, mask)` for the one or more words the range lies in.
    template <typename Act>
    static void for_words(RegisterRange range, Act act) {
        std::uint32_t first = range.first;
        std::uint32_t left = range.count;
        while (left > 0) {
            const std::uint32_t bit = first % 64;
            const std::uint32_t take = left < 64 - bit ? left : 64 - bit;
            const std::uint64_t ones = take == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << take) - 1;
            act(first / 64, ones << bit);
            first += take;
            left -= take;
        }
    }

    std::array<std::uint64_t, 4> words_{};
};

}  // namespace stcsim
