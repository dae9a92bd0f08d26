/// Integers that carry their meaning in the type.
///
/// A cycle count, a byte count and a register index are all integers, and mixing them up compiles silently.
/// `StrongInteger` keeps the arithmetic that makes sense within one meaning and rejects the rest. It compiles to the
/// bare integer.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <functional>

namespace stcsim {

/// An integer of type `Rep` that only combines with others of the same `Tag`, or is scaled by a bare integer.
template <typename Tag, std::unsigned_integral Rep>
class StrongInteger {
  public:
    using Representation = Rep;

    constexpr StrongInteger() = default;
    constexpr explicit StrongInteger(Rep value) : value_(value) {}

    [[nodiscard]] constexpr Rep value() const { return value_; }

    constexpr auto operator<=>(const StrongInteger&) const = default;

    constexpr StrongInteger& operator+=(StrongInteger other) {
        value_ = static_cast<Rep>(value_ + other.value_);
        return *this;
    }
    constexpr StrongInteger& operator-=(StrongInteger other) {
        value_ = static_cast<Rep>(value_ - other.value_);
        return *this;
    }
    constexpr StrongInteger& operator++() {
        ++value_;
        return *this;
    }
    friend constexpr StrongInteger operator+(StrongInteger a, StrongInteger b) { return a += b; }
    friend constexpr StrongInteger operator-(StrongInteger a, StrongInteger b) { return a -= b; }
    friend constexpr StrongInteger operator*(StrongInteger a, Rep factor) {
        return StrongInteger(static_cast<Rep>(a.value_ * factor));
    }
    friend constexpr StrongInteger operator*(Rep factor, StrongInteger a) { return a * factor; }

  private:
    Rep value_ = 0;
};

}  // namespace stcsim

template <typename Tag, typename Rep>
struct std::hash<stcsim::StrongInteger<Tag, Rep>> {
    std::size_t operator()(stcsim::StrongInteger<Tag, Rep> x) const noexcept { return std::hash<Rep>{}(x.value()); }
};
