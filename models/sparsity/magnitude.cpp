#include "sparsity/magnitude.h"

#include <bit>
#include <cmath>

#include "base/error.h"
#include "numerics/float_format.h"

namespace stcsim {

double magnitude(ElementType type, ElementBits bits) {
    switch (type) {
        case ElementType::f64: return std::bit_cast<double>(magnitude_order(type, bits));
        case ElementType::f32:
        case ElementType::tf32:
        case ElementType::f16:
        case ElementType::bf16: return std::fabs(to_double(type, bits));
        default: return static_cast<double>(magnitude_order(type, bits));
    }
}

ElementBits magnitude_order(ElementType type, ElementBits bits) {
    const ElementBits sign = ElementBits{1} << (bits_of(type) - 1U);
    switch (type) {
        case ElementType::tf32: return (bits & (sign - 1U)) >> float_format_of(type).padding_bits;
        case ElementType::f16:
        case ElementType::bf16:
        case ElementType::f32:
        case ElementType::f64: return bits & (sign - 1U);
        case ElementType::u4:
        case ElementType::u8: return bits;
        case ElementType::s4:
        case ElementType::s8:
        case ElementType::s32:
            // In two's complement the magnitude of a negative number is its negation within the type's bits.
            return (bits & sign) != 0 ? (ElementBits{0} - bits) & (sign | (sign - 1U)) : bits;
        case ElementType::b1: break;
    }
    STCSIM_ASSERT(type != ElementType::b1);
    return 0;
}

}  // namespace stcsim
