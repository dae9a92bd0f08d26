/// The fused dot product of Ampere's tensor core on raw bit patterns, bit for bit.
///
/// One pass computes addend + sum of a[i] x b[i]:
///  - products are exact;
///  - products and addend are aligned to the largest exponent among the non-zero ones (a product's exponent is the sum
///    of its factors' exponents; its significand, in [0, 4), is not normalised first) and cut toward zero at 24
///    fractional bits;
///  - these are summed exactly;
///  - an f32 result is cut toward zero, an f16 result rounded to nearest even; subnormals are kept; too large is
///  infinity;
///    a result of zero is +0, whatever the signs of the terms, also where a negative sum rounds to zero;
///  - any NaN, infinity times zero, or infinities of both signs give the canonical NaN (0x7FFFFFFF, 0x7FFF).
///
/// Source: MMA-Sim (arXiv 2511.10909), whose Ampere model its authors verified against hardware; tests/golden/ holds
/// vectors made with it.
#pragma once

#include <cstdint>
#include <span>

#include "numerics/element_type.h"

namespace stcsim {

/// Products that one pass sums: 128 operand bits, so 8 f16 or bf16, 4 tf32. A longer dot product is a chain of passes.
constexpr std::uint32_t pass_length_of(ElementType input) {
    return 128 / bits_of(input);
}

/// Fractional bits, below the largest exponent, that survive the alignment.
inline constexpr int alignment_fraction_bits = 24;

/// One pass: the bits, in `accumulator`, of addend + a . b. `a` and `b` hold raw bit patterns of type `input` (f16,
/// bf16 or tf32, whose low 13 bits are ignored) in their low bits and have the same length, at most 64; `accumulator`
/// is f32 or f16. Other types break an invariant.
std::uint32_t fused_dot_add(ElementType input, ElementType accumulator, std::span<const ElementBits> a,
                            std::span<const ElementBits> b, ElementBits addend);

}  // namespace stcsim
