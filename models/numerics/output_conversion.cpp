#include "numerics/output_conversion.h"

#include <algorithm>
#include <bit>

#include "base/error.h"
#include "numerics/float_format.h"

namespace stcsim {

std::uint32_t stored_element(ElementType accumulator, ElementType output, ElementBits value) {
    if (accumulator == output) return static_cast<std::uint32_t>(value);
    if (is_float(accumulator)) return convert(accumulator, output, value);
    STCSIM_ASSERT(accumulator == ElementType::s32);
    const auto sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
    switch (output) {
        case ElementType::s8: return static_cast<std::uint8_t>(std::clamp(sum, -128, 127));
        case ElementType::u8: return static_cast<std::uint8_t>(std::clamp(sum, 0, 255));
        default:
            STCSIM_ASSERT(is_float(output));
            return convert(ElementType::f32, output, std::bit_cast<std::uint32_t>(static_cast<float>(sum)));
    }
}

std::uint32_t added_elements(ElementType accumulator, std::uint32_t one, std::uint32_t other) {
    if (accumulator == ElementType::s32) return one + other;
    STCSIM_ASSERT(accumulator == ElementType::f32);
    return std::bit_cast<std::uint32_t>(std::bit_cast<float>(one) + std::bit_cast<float>(other));
}

}  // namespace stcsim
