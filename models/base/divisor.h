/// Division by a number that stays the same, but is known at run time only.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include "base/error.h"

namespace stcsim {

/// Divides by multiplication where it can: the processor's own division takes ten times as long. Exact for every
/// number.
class Divisor {
  public:
    explicit Divisor(std::uint64_t divisor) : divisor_(divisor) {
        STCSIM_ASSERT(divisor > 0);
        if (std::has_single_bit(divisor)) {
            inverse_ = scale / divisor;
            most_multiplied_ = std::numeric_limits<std::uint64_t>::max();
        } else if (divisor < std::uint64_t{1} << 31U) {
            // Rounded up by less than 1: the product is too large by less than number / 2^63, which for numbers of 32
            // bits is less than 1 / divisor and does not reach the next quotient.
            inverse_ = scale / divisor + 1;
            most_multiplied_ = std::numeric_limits<std::uint32_t>::max();
        }
    }

    [[nodiscard]] std::uint64_t value() const { return divisor_; }
    [[nodiscard]] std::uint64_t quotient(std::uint64_t number) const {
        if (number > most_multiplied_) return number / divisor_;
        return static_cast<std::uint64_t>(static_cast<Wide>(number) * inverse_ >> 63U);
    }
    [[nodiscard]] std::uint64_t remainder(std::uint64_t number) const { return number - quotient(number) * divisor_; }

  private:
    __extension__ using Wide = unsigned __int128;
    static constexpr std::uint64_t scale = std::uint64_t{1} << 63U;

    std::uint64_t divisor_;
    std::uint64_t inverse_ = 0;          ///< scale / divisor
    std::uint64_t most_multiplied_ = 0;  ///< numbers above are divided
};

}  // namespace stcsim
