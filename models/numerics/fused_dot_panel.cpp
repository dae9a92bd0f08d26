#include "numerics/fused_dot_panel.h"

#include <algorithm>
#include <array>
#include <bit>

#include "base/error.h"
#include "numerics/float_format.h"
#include "numerics/fused_dot_add.h"

namespace stcsim {
namespace {

using Columns = std::array<double, wide_panel_columns>;

constexpr int double_mantissa_bits = 52;
constexpr int double_bias = 1023;
constexpr std::uint64_t double_exponent_field = std::uint64_t{0x7FF} << double_mantissa_bits;

/// 2^exponent.
constexpr double power_of_two(int exponent) {
    return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + double_bias) << double_mantissa_bits);
}

/// 2 to the exponent of a normal double; 0 for 0.
double leading_power(double x) {
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(x) & double_exponent_field);
}

constexpr double larger(double x, double y) {
    return x > y ? x : y;
}

/// The smallest power a term can have when it takes part in the alignment (see fused_dot_add.cpp).
constexpr double lowest_power = power_of_two(float_format_of(ElementType::f32).minimum_exponent());

/// Stands for infinity of either sign: no product reaches it, so that it absorbs all later passes as infinity does,
/// without leaving the numbers that convert to an integer.
constexpr double overflowed = power_of_two(400);

double saturate(double sum, double limit) {
    return sum >= limit ? overflowed : sum <= -limit ? -overflowed : sum;
}

/// How sums of one accumulator type are aligned and rounded.
struct F32Sum {
    static double power(double sum) { return larger(leading_power(sum), lowest_power); }

    /// total x unit, cut toward zero to f32.
    static double round(std::int32_t total, double unit, double largest_power) {
        // At the lowest power the unit is half of the smallest subnormal: an odd total loses its last bit. Every other
        // loss is of bits beyond the 24 of a significand.
        const std::int32_t cut = largest_power == lowest_power ? total % 2 : 0;
        constexpr std::uint64_t beyond_f32 = (std::uint64_t{1} << (double_mantissa_bits - 23)) - 1;
        const double exact = static_cast<double>(total - cut) * unit;
        const double rounded = std::bit_cast<double>(std::bit_cast<std::uint64_t>(exact) & ~beyond_f32);
        return saturate(rounded, power_of_two(128));
    }
};

struct F16Sum {
    static constexpr double smallest_normal = power_of_two(float_format_of(ElementType::f16).minimum_exponent());

    static double power(double sum) { return larger(leading_power(sum), sum == 0.0 ? lowest_power : smallest_normal); }

    /// total x unit, rounded to the nearest f16, ties to even.
    static double round(std::int32_t total, double unit, double /*largest_power*/) {
        const double exact = static_cast<double>(total) * unit;
        // Adding 1.5 x 2^52 last places of the result makes the addition itself round to that place.
        const double place = larger(leading_power(exact), smallest_normal) * power_of_two(-10);
        const double shifter = 1.5 * power_of_two(double_mantissa_bits) * place;
        return saturate((exact + shifter) - shifter, power_of_two(16));
    }
};

/// One pass: sums += the products of pass_length factors with their rows of the panel.
template <typename Sum, std::size_t pass_length>
void accumulate_pass(const PanelFactor* factors, const PanelOfB& panel, Columns& sums) {
    Columns powers;
    for (std::size_t j = 0; j < wide_panel_columns; ++j) powers[j] = Sum::power(sums[j]);
    for (std::size_t i = 0; i < pass_length; ++i) {
        const double* b = panel.powers.data() + factors[i].b_row * wide_panel_columns;
        for (std::size_t j = 0; j < wide_panel_columns; ++j) {
            powers[j] = larger(powers[j], factors[i].number.power * b[j]);
        }
    }
    // Scaled by 2^24 over the largest power, a term's integer part is what survives the alignment.
    Columns scales;
    std::array<std::int32_t, wide_panel_columns> totals;
    for (std::size_t j = 0; j < wide_panel_columns; ++j) {
        constexpr std::uint64_t reciprocal = static_cast<std::uint64_t>(2 * double_bias + alignment_fraction_bits)
                                             << double_mantissa_bits;
        scales[j] = std::bit_cast<double>(reciprocal - std::bit_cast<std::uint64_t>(powers[j]));
        totals[j] = static_cast<std::int32_t>(sums[j] * scales[j]);
    }
    for (std::size_t i = 0; i < pass_length; ++i) {
        const double* b = panel.values.data() + factors[i].b_row * wide_panel_columns;
        for (std::size_t j = 0; j < wide_panel_columns; ++j) {
            totals[j] += static_cast<std::int32_t>(factors[i].number.value * b[j] * scales[j]);
        }
    }
    for (std::size_t j = 0; j < wide_panel_columns; ++j) {
        sums[j] = Sum::round(totals[j], powers[j] * power_of_two(-alignment_fraction_bits), powers[j]);
    }
}

template <typename Sum, std::size_t pass_length>
void accumulate(std::span<const PanelFactor> row, const PanelOfB& panel, std::span<double, wide_panel_columns> sums) {
    Columns local;
    std::copy(sums.begin(), sums.end(), local.begin());
    for (std::size_t start = 0; start < row.size(); start += pass_length) {
        accumulate_pass<Sum, pass_length>(row.data() + start, panel, local);
    }
    std::copy(local.begin(), local.end(), sums.begin());
}

}  // namespace

PanelNumber panel_number(ElementType input, ElementBits bits) {
    const FloatFormat format = float_format_of(input);
    const DecodedFloat x = decode(format, bits);
    if (x.kind != FloatClass::finite) return {0.0, 0.0};
    const double power = power_of_two(x.exponent);
    const double magnitude = static_cast<double>(x.significand) * power_of_two(x.exponent - format.mantissa_bits);
    return {x.negative ? -magnitude : magnitude, power};
}

bool is_special(ElementType type, ElementBits bits) {
    const FloatFormat format = float_format_of(type);
    return (bits & format.infinity()) == format.infinity();
}

void accumulate_row(ElementType accumulator, std::size_t pass_length, std::span<const PanelFactor> row,
                    const PanelOfB& panel, std::span<double, wide_panel_columns> sums) {
    STCSIM_ASSERT((pass_length == 4 || pass_length == 8) && row.size() % pass_length == 0);
    if (accumulator == ElementType::f16) {
        pass_length == 8 ? accumulate<F16Sum, 8>(row, panel, sums) : accumulate<F16Sum, 4>(row, panel, sums);
    } else {
        pass_length == 8 ? accumulate<F32Sum, 8>(row, panel, sums) : accumulate<F32Sum, 4>(row, panel, sums);
    }
}

}  // namespace stcsim
