/// The units of the model: SM clock cycles and bytes, and the indices that name parts of the machine.
#pragma once

#include <cstdint>
#include <limits>

#include "base/strong_integer.h"

namespace stcsim {

/// A number of SM clock cycles, as a point in time (since the start of the simulation) or as a duration.
using Cycle = StrongInteger<struct CycleTag, std::uint64_t>;
/// A number of bytes.
using Bytes = StrongInteger<struct BytesTag, std::uint64_t>;

/// An SM of the chip, 0-based.
using SmIndex = StrongInteger<struct SmTag, std::uint32_t>;
/// A warp slot of an SM, 0-based over the whole SM; the sub-core is this modulo the number of sub-cores.
using WarpSlot = StrongInteger<struct WarpSlotTag, std::uint32_t>;
/// A CTA slot of an SM, 0-based.
using CtaSlot = StrongInteger<struct CtaSlotTag, std::uint32_t>;
/// A CTA of the grid, 0-based in launch order.
using CtaIndex = StrongInteger<struct CtaTag, std::uint64_t>;
/// A lane of a warp, 0..31.
using LaneIndex = StrongInteger<struct LaneTag, std::uint32_t>;
/// A 32-bit register of a thread, 0..254.
using RegisterIndex = StrongInteger<struct RegisterTag, std::uint32_t>;

/// Later than every cycle a simulation can reach.
inline constexpr Cycle never{std::numeric_limits<std::uint64_t>::max()};

namespace literals {
constexpr Cycle operator""_cycles(unsigned long long n) {
    return Cycle(n);
}
constexpr Bytes operator""_bytes(unsigned long long n) {
    return Bytes(n);
}
}  // namespace literals

/// Lanes in a warp (PTX ISA, WARP_SZ).
inline constexpr std::uint32_t warp_lanes = 32;

/// The smallest integer not below `a / b`.
template <typename T>
constexpr T ceil_divide(T a, T b) {
    return static_cast<T>((a + b - 1) / b);
}
/// The smallest multiple of `b` not below `a`.
template <typename T>
constexpr T round_up(T a, T b) {
    return static_cast<T>(ceil_divide(a, b) * b);
}

}  // namespace stcsim
