/// The integer operations that instructions are made of. Internal to the executor.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace stcsim::integer_operations {

template <typename T>
using Wrapping = std::make_unsigned_t<T>;

/// The result of arithmetic on wrapped values; narrow types are computed in 32 bits.
template <typename T, typename U>
T cut(U value) {
    return static_cast<T>(value);
}

struct Add {
    template <typename T>
    static T apply(T a, T b) {
        return cut<T>(Wrapping<T>(a) + Wrapping<T>(b));
    }
};
struct Subtract {
    template <typename T>
    static T apply(T a, T b) {
        return cut<T>(Wrapping<T>(a) - Wrapping<T>(b));
    }
};
struct AddSaturating {
    static std::int32_t apply(std::int32_t a, std::int32_t b) {
        const std::int64_t sum = std::int64_t{a} + b;
        return static_cast<std::int32_t>(std::clamp<std::int64_t>(sum, std::numeric_limits<std::int32_t>::min(),
                                                                  std::numeric_limits<std::int32_t>::max()));
    }
};
struct SubtractSaturating {
    static std::int32_t apply(std::int32_t a, std::int32_t b) {
        const std::int64_t difference = std::int64_t{a} - b;
        return static_cast<std::int32_t>(std::clamp<std::int64_t>(difference, std::numeric_limits<std::int32_t>::min(),
                                                                  std::numeric_limits<std::int32_t>::max()));
    }
};

template <typename T>
struct DoubleWidth;
template <>
struct DoubleWidth<std::int16_t> {
    using Type = std::int32_t;
};
template <>
struct DoubleWidth<std::uint16_t> {
    using Type = std::uint32_t;
};
template <>
struct DoubleWidth<std::int32_t> {
    using Type = std::int64_t;
};
template <>
struct DoubleWidth<std::uint32_t> {
    using Type = std::uint64_t;
};
// 128-bit integers are an extension of the compiler.
__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;
template <>
struct DoubleWidth<std::int64_t> {
    using Type = Wide;
};
template <>
struct DoubleWidth<std::uint64_t> {
    using Type = UnsignedWide;
};
template <typename T>
using DoubleOf = typename DoubleWidth<T>::Type;

template <typename T>
DoubleOf<T> product(T a, T b) {
    return static_cast<DoubleOf<T>>(static_cast<DoubleOf<T>>(a) * static_cast<DoubleOf<T>>(b));
}

struct MultiplyLow {
    template <typename T>
    static T apply(T a, T b) {
        using U = std::common_type_t<Wrapping<T>, unsigned>;
        return cut<T>(static_cast<U>(a) * static_cast<U>(b));
    }
};
struct MultiplyHigh {
    template <typename T>
    static T apply(T a, T b) {
        return cut<T>(product(a, b) >> (8 * sizeof(T)));
    }
};
struct MultiplyWide {
    template <typename T>
    static DoubleOf<T> apply(T a, T b) {
        return product(a, b);
    }
};
struct MultiplyAddLow {
    template <typename T>
    static T apply(T a, T b, T c) {
        return Add::apply(MultiplyLow::apply(a, b), c);
    }
};
struct MultiplyAddHigh {
    template <typename T>
    static T apply(T a, T b, T c) {
        return Add::apply(MultiplyHigh::apply(a, b), c);
    }
};
struct MultiplyAddHighSaturating {
    static std::int32_t apply(std::int32_t a, std::int32_t b, std::int32_t c) {
        return AddSaturating::apply(MultiplyHigh::apply(a, b), c);
    }
};
struct MultiplyAddWide {
    template <typename T, typename W>
    static W apply(T a, T b, W c) {
        return Add::apply(product(a, b), c);
    }
};
struct Minimum {
    template <typename T>
    static T apply(T a, T b) {
        return std::min(a, b);
    }
};
struct Maximum {
    template <typename T>
    static T apply(T a, T b) {
        return std::max(a, b);
    }
};
struct Absolute {
    template <typename T>
    static T apply(T a) {
        return a < 0 ? cut<T>(Wrapping<T>(0) - Wrapping<T>(a)) : a;
    }
};
struct Negate {
    template <typename T>
    static T apply(T a) {
        return cut<T>(Wrapping<T>(0) - Wrapping<T>(a));
    }
};
/// Division by zero gives all bits set, as the machine does (PTX leaves it open); the smallest number by -1 wraps.
struct Divide {
    template <typename T>
    static T apply(T a, T b) {
        if (b == 0) return cut<T>(~Wrapping<T>(0));
        if (std::is_signed_v<T> && b == T(-1)) return Negate::apply(a);
        return cut<T>(a / b);
    }
};
struct Remainder {
    template <typename T>
    static T apply(T a, T b) {
        if (b == 0) return a;
        if (std::is_signed_v<T> && b == T(-1)) return 0;
        return cut<T>(a % b);
    }
};
struct SumOfDifferences {
    template <typename T>
    static T apply(T a, T b, T c) {
        const T difference = a < b ? Subtract::apply(b, a) : Subtract::apply(a, b);
        return Add::apply(c, difference);
    }
};
struct Multiply24Low {
    template <typename T>
    static T apply(T a, T b) {
        return MultiplyLow::apply(low24(a), low24(b));
    }
    template <typename T>
    static T low24(T a) {
        return static_cast<T>(static_cast<T>(static_cast<std::uint32_t>(a) << 8U) >> 8U);
    }
};
struct Multiply24High {
    template <typename T>
    static T apply(T a, T b) {
        return cut<T>(product(Multiply24Low::low24(a), Multiply24Low::low24(b)) >> 16U);
    }
};
template <typename Multiply>
struct MultiplyAdd24 {
    template <typename T>
    static T apply(T a, T b, T c) {
        return Add::apply(Multiply::apply(a, b), c);
    }
};

}  // namespace stcsim::integer_operations
