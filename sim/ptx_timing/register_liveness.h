/// Which registers of a kernel are live at the same time.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "executor/decoded_kernel.h"

namespace stcsim {

/// A set of a kernel's registers.
class RegisterBits {
  public:
    explicit RegisterBits(std::size_t registers) : words_((registers + 63) / 64) {}

    void insert(std::uint32_t r) { words_[r / 64] |= bit(r); }
    void erase(std::uint32_t r) { words_[r / 64] &= ~bit(r); }
    [[nodiscard]] bool contains(std::uint32_t r) const { return (words_[r / 64] & bit(r)) != 0; }
    /// Adds all of `other`; true if any was new.
    bool merge(const RegisterBits& other) {
        std::uint64_t fresh = 0;
        for (std::size_t i = 0; i < words_.size(); ++i) {
            fresh |= other.words_[i] & ~words_[i];
            words_[i] |= other.words_[i];
        }
        return fresh != 0;
    }
    [[nodiscard]] bool intersects(const RegisterBits& other) const {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            if ((words_[i] & other.words_[i]) != 0) return true;
        }
        return false;
    }
    template <typename Act>
    void for_each(Act act) const {
        for (std::size_t i = 0; i < words_.size(); ++i) {
            for (std::uint64_t word = words_[i]; word != 0; word &= word - 1) {
                act(static_cast<std::uint32_t>(i * 64 + static_cast<std::size_t>(std::countr_zero(word))));
            }
        }
    }

  private:
    static std::uint64_t bit(std::uint32_t r) { return std::uint64_t{1} << r % 64; }

    std::vector<std::uint64_t> words_;
};

/// The register that a plain move copies, if `instruction` is one between registers of the same size.
struct RegisterCopy {
    std::uint32_t to;
    std::uint32_t from;
};
std::optional<RegisterCopy> copy_of(const DecodedInstruction& instruction);

/// Per register, those live at one of its definitions; a copy's source does not count at its destination. Lanes whose
/// guard does not hold keep what they had: a guarded write does not end the life of the value before.
std::vector<RegisterBits> interference_of(const DecodedKernel& kernel);

}  // namespace stcsim
