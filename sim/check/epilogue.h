/// What a kernel makes of the sums of an element before it stores it: alpha x sum + beta x C, in the type of D.
#pragma once

#include <optional>

#include "check/accumulation_order.h"
#include "check/gemm_dump.h"

namespace stcsim {

/// The value of an element of any type but b1; of f64 and integers too.
double value_of(ElementType type, ElementBits bits);

/// sum + addend in the accumulator's type: rounded to nearest even, integers wrap around.
ElementBits add_accumulators(ElementType type, ElementBits sum, ElementBits addend);

/// An epilogue of kernels as GEMM libraries generate them:
///  - without scaling and C, the sum is stored as stored_element does (numerics/output_conversion.h);
///  - s32 sums stored as s32 with whole alpha and beta: in s32, wrapped around;
///  - f64: a fused multiply-add of alpha, the sum and the rounded beta x C;
///  - else the same in f32 (an s32 sum is rounded to f32 first), or with its product rounded too, or in f16; the result
///    is rounded to nearest even, and clamped if D is of integers (cvt.rni.sat).
class Epilogue {
  public:
    Epilogue(const ProductTypes& types, EpilogueRounding rounding) : types_(types), rounding_(rounding) {}

    /// `source` is an element of C, of the type given, if there is one.
    [[nodiscard]] ElementBits stored(ElementBits sum, ElementType source_type, std::optional<ElementBits> source) const;

  private:
    [[nodiscard]] ElementBits stored_in_f16(ElementBits sum, std::optional<double> source) const;

    ProductTypes types_;
    EpilogueRounding rounding_;
};

}  // namespace stcsim
