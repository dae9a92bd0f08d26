/// How far two kernels that add the same products in different orders can be apart.
///
/// Let S be |C| (where it is added in the accumulator) plus the sum of |a| |b| over k: no partial sum and no term
/// exceeds it. For the alignment, which goes by exponents, subnormal factors count as the smallest normal number. One
/// pass of L products (numerics/fused_dot_add.h)
///  - cuts its terms at 24 fractional bits of the largest exponent: at most L of them lose less than 2^-24 S each,
///  since
///    the largest itself loses nothing;
///  - rounds its result: less than 2^-23 S cut from f32, at most 2^-11 S by rounding to f16 (half of the last place,
///    2^-25 where it is subnormal).
/// There are ceil(k / L) passes, fewer when A is sparse, and one more for each of at most `partial_sums` parts of k,
/// whose additions round once more each. So a sum is within
///
///     E = (passes (L 2^-24 + u) + partial_sums u) S (1 + that factor),  u = 2^-23 (f32) or 2^-11 (f16),
///
/// of the exact one; f64 has passes = k, L = 0 and u = 2^-53; integers have E = 0. The factor after S pays for what the
/// errors themselves add to the partial sums. Two kernels are within 2 |alpha| E, plus four roundings of the epilogue,
/// 2^-22 (|alpha| S + |beta C|) in f32 or 2^-9 of it in f16, plus one last place of D, half for each. A reduction that
/// goes through D (serial) adds a last place of D for each slice.
///
/// The bound is for the worst case: errors of random signs stay far below it.
#pragma once

#include <cstddef>

#include "check/accumulation_order.h"
#include "check/gemm_dump.h"

namespace stcsim {

/// The magnitude that an element counts with in S: of floats no less than the smallest normal number unless it is zero.
double bounding_magnitude(ElementType type, ElementBits bits);

class ErrorBound {
  public:
    /// Between D in this order and D in any other.
    ErrorBound(const GemmDump& dump, const AccumulationOrder& order);

    /// Of an element: `magnitudes` is the sum of |a| |b|, `source` |C|, `largest` the larger |D| of the two. Infinite
    /// where the sums may have overflowed.
    [[nodiscard]] double of(double magnitudes, double source, double largest) const;

  private:
    ProductTypes types_;
    double relative_;  ///< of S
    double epilogue_;  ///< of |alpha| S + |beta C|
    double stored_;    ///< last places of D
    double overflow_;  ///< largest number of the accumulator
};

/// Whether two elements of D are as close as the bound says; NaNs are close to NaNs, infinities to themselves.
bool within(const ErrorBound& bound, ElementType type, ElementBits one, ElementBits other, double magnitudes,
            double source);

}  // namespace stcsim
