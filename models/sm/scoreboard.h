/// The scoreboard of one warp: registers with a result or a read outstanding.
#pragma once

#include <array>
#include <cstdint>

#include "isa/warp_instruction.h"

namespace stcsim {

/// What a pending register waits for.
enum class PendingKind : std::uint8_t { tensor, shared, global, arithmetic };

/// A set of the 256 registers of a warp.
class RegisterSet {
  public:
    void insert(RegisterRange range) {
        for_words(range, [this](std::size_t word, std::uint64_t mask) { words_[word] |= mask; });
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

/// Pending writes by kind, and the tensor-core reads that a later writer of the same register must let pass.
class Scoreboard {
  public:
    void begin_write(RegisterRange range, PendingKind kind) {
        all_.insert(range);
        of(kind).insert(range);
    }
    void end_write(RegisterRange range, PendingKind kind) {
        all_.erase(range);
        of(kind).erase(range);
    }
    [[nodiscard]] bool is_pending(const RegisterSet& registers) const { return all_.overlaps(registers); }
    [[nodiscard]] bool is_pending(const RegisterSet& registers, PendingKind kind) const {
        return pending_[static_cast<std::size_t>(kind)].overlaps(registers);
    }

    /// The tensor core's operation number `operation` (counted by the sub-core from 1) reads the range.
    void note_read(RegisterRange range, std::uint64_t operation) {
        for (std::uint32_t i = 0; i < range.count; ++i) last_reader_[range.first + i] = operation;
    }
    /// Whether all tensor-core reads of the range have happened, given that `operations_read` operations have read.
    [[nodiscard]] bool reads_done(RegisterRange range, std::uint64_t operations_read) const {
        for (std::uint32_t i = 0; i < range.count; ++i) {
            if (last_reader_[range.first + i] > operations_read) return false;
        }
        return true;
    }

  private:
    RegisterSet& of(PendingKind kind) { return pending_[static_cast<std::size_t>(kind)]; }

    RegisterSet all_;
    std::array<RegisterSet, 4> pending_;
    std::array<std::uint64_t, 256> last_reader_{};
};

}  // namespace stcsim
