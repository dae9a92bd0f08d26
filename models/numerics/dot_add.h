/// One pass of the tensor core for every operand type it has: the bits of addend + a . b.
#pragma once

#include <cstdint>
#include <span>

#include "numerics/arithmetic.h"
#include "numerics/element_type.h"

namespace stcsim {

/// Whether sm_80 has an mma with these types and modifiers (PTX ISA, "mma"): f16 with f32 or f16 sums, bf16 and tf32
/// with f32 sums, f64; s8 and u8, or s4 and u4, in all combinations, with s32 sums that wrap or saturate; b1 with one
/// of its two operations and s32 sums that wrap.
bool is_tensor_core_arithmetic(const Arithmetic& arithmetic);

/// The NaN that an f64 instruction gives, whatever NaN or operation it comes from.
///
/// Assumed, not measured: CUDA's header math_constants.h has this pattern as its double-precision NaN (CUDART_NAN), as
/// it has 0x7FFFFFFF, the NaN the hardware is known to produce, as its single-precision one. Whether DMMA carries the
/// payload of a NaN operand on is not published. x86 gives the same bits for an invalid operation but carries payloads
/// on, so results are set to this one explicitly.
inline constexpr ElementBits canonical_nan_f64 = 0xFFF8000000000000U;

/// The bits, in `arithmetic.accumulator`, of addend + sum of a[i] x b[i].
///
///  - f16, bf16, tf32: one fused dot product (fused_dot_add.h) of at most 64 products, rounded once;
///  - f64: a chain of IEEE 754 fused multiply-adds in the order of the elements, each rounded to nearest even. Source:
///    the Ampere model of MMA-Sim (arXiv 2511.10909);
///  - integers: the exact sum, wrapped to 32 bits or clamped to the ends of s32. PTX only says that `.satfinite` clamps
///    the result; that it clamps once per instruction, after all its products, is assumed. Give all of an instruction's
///    products in one call to saturate as it does; wrapped sums may be split at will;
///  - b1: addend + number of bits set in a xor b, or in a and b, wrapped to 32 bits.
///
/// `a` and `b` are of the same length and hold raw bits of their types; bits above the type's width are ignored. Types
/// or modifiers that no instruction has break an invariant.
ElementBits dot_add(const Arithmetic& arithmetic, std::span<const ElementBits> a, std::span<const ElementBits> b,
                    ElementBits addend);

}  // namespace stcsim
