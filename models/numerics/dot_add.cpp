#include "numerics/dot_add.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>

#include "base/error.h"
#include "numerics/fused_dot_add.h"
#include "numerics/integer_format.h"

namespace stcsim {
namespace {

using enum ElementType;

ElementBits chained_fma(std::span<const ElementBits> a, std::span<const ElementBits> b, ElementBits addend) {
    auto sum = std::bit_cast<double>(addend);
    for (std::size_t i = 0; i < a.size(); ++i) {
        sum = std::fma(std::bit_cast<double>(a[i]), std::bit_cast<double>(b[i]), sum);
    }
    return std::isnan(sum) ? canonical_nan_f64 : std::bit_cast<ElementBits>(sum);
}

ElementBits integer_dot_add(const Arithmetic& arithmetic, std::span<const ElementBits> a,
                            std::span<const ElementBits> b, ElementBits addend) {
    // 2^46 products of 8 bits each way fit.
    std::int64_t sum = integer_value(s32, addend);
    for (std::size_t i = 0; i < a.size(); ++i) {
        sum += std::int64_t{integer_value(arithmetic.a, a[i])} * integer_value(arithmetic.b, b[i]);
    }
    if (arithmetic.overflow == Overflow::saturate) {
        using Limits = std::numeric_limits<std::int32_t>;
        sum = std::clamp<std::int64_t>(sum, Limits::min(), Limits::max());
    }
    return wrapped_bits(sum);
}

ElementBits bit_dot_add(BitOperation operation, std::span<const ElementBits> a, std::span<const ElementBits> b,
                        ElementBits addend) {
    std::int64_t sum = integer_value(s32, addend);
    for (std::size_t i = 0; i < a.size(); ++i) {
        sum += integer_value(b1, operation == BitOperation::xor_popc ? a[i] ^ b[i] : a[i] & b[i]);
    }
    return wrapped_bits(sum);
}

}  // namespace

bool is_tensor_core_arithmetic(const Arithmetic& arithmetic) {
    const auto [a, b, accumulator, overflow, bit_operation] = arithmetic;
    if (is_integer_operand(a)) {
        return is_integer_operand(b) && bits_of(a) == bits_of(b) && accumulator == s32 &&
               bit_operation == BitOperation::none;
    }
    if (a != b || overflow != Overflow::wrap) return false;
    if (a == b1) return accumulator == s32 && bit_operation != BitOperation::none;
    if (bit_operation != BitOperation::none) return false;
    switch (a) {
        case f16: return accumulator == f32 || accumulator == f16;
        case bf16:
        case tf32: return accumulator == f32;
        case f64: return accumulator == f64;
        default: return false;
    }
}

ElementBits dot_add(const Arithmetic& arithmetic, std::span<const ElementBits> a, std::span<const ElementBits> b,
                    ElementBits addend) {
    STCSIM_ASSERT(is_tensor_core_arithmetic(arithmetic) && a.size() == b.size());
    if (arithmetic.a == f64) return chained_fma(a, b, addend);
    if (arithmetic.a == b1) return bit_dot_add(arithmetic.bit_operation, a, b, addend);
    if (is_integer_operand(arithmetic.a)) return integer_dot_add(arithmetic, a, b, addend);
    return fused_dot_add(arithmetic.a, arithmetic.accumulator, a, b, addend);
}

}  // namespace stcsim
