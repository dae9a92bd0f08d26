/// The magnitude of elements, by which pruning decides.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "numerics/element_type.h"

namespace stcsim {

/// What the elements of a type weigh, for many elements: it is made once, and costs little for each. Every type but b1,
/// which has no sign and no sparse instruction and breaks an invariant.
class Magnitudes {
  public:
    explicit Magnitudes(ElementType type);

    /// |x|. A NaN gives a NaN. tf32 drops its low 13 bits, as the hardware does.
    [[nodiscard]] double value(ElementBits bits) const {
        if (table_ != nullptr) return table_[bits & 0xFFFFU];
        return is_integer_ ? static_cast<double>(order(bits)) : wide_value(bits);
    }

    /// A number that orders elements by magnitude exactly, without converting them: 0 for zeros of either sign;
    /// infinity above every number; NaN above infinity, so that a NaN is never pruned away silently.
    [[nodiscard]] ElementBits order(ElementBits bits) const {
        // In two's complement the magnitude of a negative number is its negation within the type's bits.
        const ElementBits positive = (bits & negative_) != 0 ? ElementBits{0} - bits : bits;
        return (positive & kept_) >> dropped_bits_;
    }

    /// Whether the value is zero: +0, -0, and a tf32 of which only the dropped bits are set.
    [[nodiscard]] bool is_zero(ElementBits bits) const { return order(bits) == 0; }

  private:
    /// f32, tf32 and f64.
    [[nodiscard]] double wide_value(ElementBits bits) const {
        const ElementBits magnitude = order(bits) << dropped_bits_;
        if (is_double_) return std::bit_cast<double>(magnitude);
        return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(magnitude)));
    }

    ElementBits negative_ = 0;  ///< the sign bit of two's complement, none for other types
    ElementBits kept_;          ///< bits of the magnitude
    std::uint32_t dropped_bits_ = 0;
    bool is_integer_ = false;
    bool is_double_ = false;
    const double* table_ = nullptr;  ///< |x| by the bits, for the 16-bit types
};

}  // namespace stcsim
