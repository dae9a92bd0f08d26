#include "sparsity/magnitude.h"

#include <array>
#include <vector>

#include "base/error.h"
#include "numerics/float_format.h"

namespace stcsim {
namespace {

std::vector<double> sixteen_bit_magnitudes(ElementType type) {
    std::vector<double> table(std::size_t{1} << 16U);
    for (std::size_t bits = 0; bits < table.size(); ++bits) table[bits] = std::fabs(to_double(type, bits));
    return table;
}

}  // namespace

Magnitudes::Magnitudes(ElementType type) {
    const ElementBits sign = ElementBits{1} << (bits_of(type) - 1U);
    kept_ = sign - 1U;
    switch (type) {
        case ElementType::f16: {
            static const std::vector<double> table = sixteen_bit_magnitudes(ElementType::f16);
            table_ = table.data();
            break;
        }
        case ElementType::bf16: {
            static const std::vector<double> table = sixteen_bit_magnitudes(ElementType::bf16);
            table_ = table.data();
            break;
        }
        case ElementType::tf32: dropped_bits_ = static_cast<std::uint32_t>(float_format_of(type).padding_bits); break;
        case ElementType::f32: break;
        case ElementType::f64: is_double_ = true; break;
        case ElementType::s4:
        case ElementType::s8:
        case ElementType::s32: negative_ = sign; [[fallthrough]];
        case ElementType::u4:
        case ElementType::u8:
            kept_ |= sign;
            is_integer_ = true;
            break;
        case ElementType::b1: STCSIM_ASSERT(type != ElementType::b1);
    }
}

}  // namespace stcsim
