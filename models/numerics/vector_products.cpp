#include "numerics/vector_products.h"

#include <bit>
#include <cmath>

#include "base/error.h"
#include "numerics/vector_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "numerics/vector_products.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace stcsim::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// At least four vectors in a panel: four sums in registers at once hide the latency of the operations.
template <typename Value>
using Lanes = hn::CappedTag<Value, panel_columns / 4>;
using Words = Lanes<std::uint32_t>;
using WordVector = hn::Vec<Words>;

constexpr Words words;

template <typename Value>
struct Vectors {
    hn::Vec<Lanes<Value>> at[4];
};

HWY_INLINE hn::Vec<Lanes<double>> fused_multiply_add(hn::Vec<Lanes<double>> a, hn::Vec<Lanes<double>> b,
                                                     hn::Vec<Lanes<double>> sum) {
#if HWY_NATIVE_FMA
    return hn::MulAdd(a, b, sum);
#else
    // Highway's MulAdd rounds twice here.
    constexpr Lanes<double> doubles;
    HWY_ALIGN double left[panel_columns];
    HWY_ALIGN double right[panel_columns];
    HWY_ALIGN double result[panel_columns];
    hn::Store(a, doubles, left);
    hn::Store(b, doubles, right);
    hn::Store(sum, doubles, result);
    for (std::size_t i = 0; i < hn::Lanes(doubles); ++i) result[i] = std::fma(left[i], right[i], result[i]);
    return hn::Load(doubles, result);
#endif
}

/// The number of bits set in each lane, by sums of ever wider fields.
HWY_INLINE WordVector bits_set(WordVector x) {
    const WordVector pairs = hn::Sub(x, hn::And(hn::ShiftRight<1>(x), hn::Set(words, 0x55555555U)));
    const WordVector low_fours = hn::Set(words, 0x33333333U);
    const WordVector fours = hn::Add(hn::And(pairs, low_fours), hn::And(hn::ShiftRight<2>(pairs), low_fours));
    const WordVector eights = hn::And(hn::Add(fours, hn::ShiftRight<4>(fours)), hn::Set(words, 0x0F0F0F0FU));
    const WordVector sixteens = hn::Add(eights, hn::ShiftRight<8>(eights));
    return hn::And(hn::Add(sixteens, hn::ShiftRight<16>(sixteens)), hn::Set(words, 0x3FU));
}

/// Two's complement addition clamped to the range of s32.
HWY_INLINE WordVector saturating_add(WordVector x, WordVector y) {
    const hn::RebindToSigned<Words> integers;
    const WordVector sum = hn::Add(x, y);
    // Overflow: both terms have the sign that the sum has not. Then the end on their side replaces it.
    const auto overflow = hn::BitCast(integers, hn::AndNot(hn::Xor(x, y), hn::Xor(x, sum)));
    const auto end = hn::Xor(hn::BroadcastSignBit(hn::BitCast(integers, x)), hn::Set(integers, 0x7FFFFFFF));
    const auto mask = hn::MaskFromVec(hn::BroadcastSignBit(overflow));
    return hn::BitCast(words, hn::IfThenElse(mask, end, hn::BitCast(integers, sum)));
}

/// Applies `add(a, b, sum)` for all elements of [first, last) of a row, in order, to the columns from `column` on.
template <typename Value, typename Add>
HWY_INLINE void add_elements(const PanelProduct<Value>& product, std::size_t row, std::size_t first, std::size_t last,
                             std::size_t column, Vectors<Value>& sums, Add add) {
    constexpr Lanes<Value> lanes;
    const Value* a = product.a + row * product.length;
    const std::uint32_t* b_rows = product.b_rows + row * product.b_rows_stride;
    Vectors<Value> local = sums;
    for (std::size_t i = first; i < last; ++i) {
        const auto factor = hn::Set(lanes, a[i]);
        const Value* b = product.b + b_rows[i] * panel_columns + column;
        for (std::size_t v = 0; v < 4; ++v) {
            local.at[v] = add(factor, hn::LoadU(lanes, b + v * hn::Lanes(lanes)), local.at[v]);
        }
    }
    sums = local;
}

/// Applies `add_row(row, column, sums)` to every four vectors of sums.
template <typename Value, typename AddRow>
HWY_INLINE void for_all_sums(const PanelProduct<Value>& product, AddRow add_row) {
    constexpr Lanes<Value> lanes;
    const std::size_t step = hn::Lanes(lanes);
    for (std::size_t row = 0; row < product.rows; ++row) {
        for (std::size_t column = 0; column < panel_columns; column += 4 * step) {
            Value* at = product.sums + row * product.sums_stride + column;
            Vectors<Value> sums;
            for (std::size_t v = 0; v < 4; ++v) sums.at[v] = hn::LoadU(lanes, at + v * step);
            add_row(row, column, sums);
            for (std::size_t v = 0; v < 4; ++v) hn::StoreU(sums.at[v], lanes, at + v * step);
        }
    }
}

void add_f64_products(const PanelProduct<double>& product) {
    for_all_sums(product, [&](std::size_t row, std::size_t column, Vectors<double>& sums) HWY_ATTR {
        add_elements(product, row, 0, product.length, column, sums,
                     [](auto a, auto b, auto sum) HWY_ATTR { return fused_multiply_add(a, b, sum); });
    });
}

HWY_INLINE void add_integers(const PanelProduct<std::uint32_t>& product, std::size_t row, std::size_t first,
                             std::size_t last, std::size_t column, Vectors<std::uint32_t>& sums) {
    add_elements(product, row, first, last, column, sums,
                 [](auto a, auto b, auto sum) HWY_ATTR { return hn::Add(hn::Mul(a, b), sum); });
}

void add_integer_products(const PanelProduct<std::uint32_t>& product) {
    for_all_sums(product, [&](std::size_t row, std::size_t column, Vectors<std::uint32_t>& sums)
                              HWY_ATTR { add_integers(product, row, 0, product.length, column, sums); });
}

void add_integer_products_saturating(const PanelProduct<std::uint32_t>& product, std::size_t instruction_length) {
    for_all_sums(product, [&](std::size_t row, std::size_t column, Vectors<std::uint32_t>& sums) HWY_ATTR {
        for (std::size_t first = 0; first < product.length; first += instruction_length) {
            Vectors<std::uint32_t> products;  // below 2^31: exact
            for (WordVector& vector : products.at) vector = hn::Zero(words);
            add_integers(product, row, first, first + instruction_length, column, products);
            for (std::size_t v = 0; v < 4; ++v) sums.at[v] = saturating_add(sums.at[v], products.at[v]);
        }
    });
}

template <typename Operation>
HWY_INLINE void add_counts(const PanelProduct<std::uint32_t>& product, Operation operation) {
    for_all_sums(product, [&](std::size_t row, std::size_t column, Vectors<std::uint32_t>& sums) HWY_ATTR {
        add_elements(product, row, 0, product.length, column, sums,
                     [&](auto a, auto b, auto sum) HWY_ATTR { return hn::Add(sum, bits_set(operation(a, b))); });
    });
}

void add_panel_bit_counts(const PanelProduct<std::uint32_t>& product, BitOperation operation) {
    if (operation == BitOperation::xor_popc) {
        add_counts(product, [](auto a, auto b) HWY_ATTR { return hn::Xor(a, b); });
    } else {
        add_counts(product, [](auto a, auto b) HWY_ATTR { return hn::And(a, b); });
    }
}

}  // namespace stcsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace stcsim {
namespace {
HWY_EXPORT(add_f64_products);
HWY_EXPORT(add_integer_products);
HWY_EXPORT(add_integer_products_saturating);
HWY_EXPORT(add_panel_bit_counts);
}  // namespace

void add_products(const PanelProduct<double>& product) {
    HWY_DYNAMIC_DISPATCH(add_f64_products)(product);
}

void add_products(const PanelProduct<std::uint32_t>& product) {
    HWY_DYNAMIC_DISPATCH(add_integer_products)(product);
}

void add_products_saturating(const PanelProduct<std::uint32_t>& product, std::size_t instruction_length) {
    STCSIM_ASSERT(instruction_length > 0 && instruction_length < saturating_length_limit &&
                  product.length % instruction_length == 0);
    HWY_DYNAMIC_DISPATCH(add_integer_products_saturating)(product, instruction_length);
}

void add_bit_counts(const PanelProduct<std::uint32_t>& product, BitOperation operation) {
    HWY_DYNAMIC_DISPATCH(add_panel_bit_counts)(product, operation);
}

}  // namespace stcsim
#endif
