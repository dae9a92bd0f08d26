#include "numerics/fused_dot_add.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/error.h"
#include "numerics/float_format.h"

namespace stcsim {
namespace {

constexpr std::size_t maximum_products = 64;

/// Terms of the sum: finite non-zero ones are kept, infinities and NaNs remembered.
class Terms {
  public:
    void add_product(const DecodedFloat& x, const DecodedFloat& y, int fraction_bits) {
        const bool negative = x.negative != y.negative;
        if (x.kind == FloatClass::finite && y.kind == FloatClass::finite) {
            push(negative, x.exponent + y.exponent, std::uint64_t{x.significand} * y.significand, fraction_bits);
        } else if (x.kind == FloatClass::nan || y.kind == FloatClass::nan) {
            nan_ = true;
        } else if (x.kind == FloatClass::infinite || y.kind == FloatClass::infinite) {
            if (x.kind == FloatClass::zero || y.kind == FloatClass::zero) nan_ = true;
            infinite(negative);
        }
    }

    void add(const DecodedFloat& x, int fraction_bits) {
        if (x.kind == FloatClass::finite) push(x.negative, x.exponent, x.significand, fraction_bits);
        if (x.kind == FloatClass::nan) nan_ = true;
        if (x.kind == FloatClass::infinite) infinite(x.negative);
    }

    [[nodiscard]] bool is_nan() const { return nan_ || (positive_infinity_ && negative_infinity_); }
    [[nodiscard]] bool is_infinite() const { return positive_infinity_ || negative_infinity_; }
    [[nodiscard]] bool is_negative_infinity() const { return negative_infinity_; }
    [[nodiscard]] int largest_exponent() const { return largest_exponent_; }

    /// The sum in units of 2^(largest exponent - alignment_fraction_bits).
    [[nodiscard]] std::int64_t aligned_sum() const {
        std::int64_t sum = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            const Term& term = terms_[i];
            const int shift = std::min(largest_exponent_ - term.exponent, 63);
            const auto aligned = static_cast<std::int64_t>(term.significand >> shift);
            sum += term.negative ? -aligned : aligned;
        }
        return sum;
    }

  private:
    struct Term {
        bool negative;
        int exponent;
        std::uint64_t significand;  ///< with alignment_fraction_bits fractional bits
    };

    void push(bool negative, int exponent, std::uint64_t significand, int fraction_bits) {
        terms_[count_++] = {negative, exponent, significand << (alignment_fraction_bits - fraction_bits)};
        largest_exponent_ = std::max(largest_exponent_, exponent);
    }
    void infinite(bool negative) { (negative ? negative_infinity_ : positive_infinity_) = true; }

    std::array<Term, maximum_products + 1> terms_;
    std::size_t count_ = 0;
    // No term of an f32 addend lies below f32's minimum exponent, zero included; f16 sums are never that small.
    int largest_exponent_ = float_format_of(ElementType::f32).minimum_exponent();
    bool nan_ = false;
    bool positive_infinity_ = false;
    bool negative_infinity_ = false;
};

}  // namespace

std::uint32_t fused_dot_add(ElementType input, ElementType accumulator, std::span<const ElementBits> a,
                            std::span<const ElementBits> b, ElementBits addend) {
    STCSIM_ASSERT(input == ElementType::f16 || input == ElementType::bf16 || input == ElementType::tf32);
    STCSIM_ASSERT(accumulator == ElementType::f32 || accumulator == ElementType::f16);
    STCSIM_ASSERT(a.size() == b.size() && a.size() <= maximum_products);
    const FloatFormat factor = float_format_of(input);
    const FloatFormat result = float_format_of(accumulator);

    Terms terms;
    terms.add(decode(result, addend), result.mantissa_bits);
    for (std::size_t i = 0; i < a.size(); ++i) {
        terms.add_product(decode(factor, a[i]), decode(factor, b[i]), 2 * factor.mantissa_bits);
    }
    if (terms.is_nan()) return result.canonical_nan();
    if (terms.is_infinite()) return (terms.is_negative_infinity() ? result.sign_bit() : 0U) | result.infinity();

    const std::int64_t sum = terms.aligned_sum();
    const Rounding rounding = accumulator == ElementType::f16 ? Rounding::to_nearest_even : Rounding::toward_zero;
    const std::uint32_t bits = encode(result, sum < 0, static_cast<std::uint64_t>(sum < 0 ? -sum : sum),
                                      terms.largest_exponent() - alignment_fraction_bits, rounding);
    return bits == result.sign_bit() ? 0U : bits;
}

}  // namespace stcsim
