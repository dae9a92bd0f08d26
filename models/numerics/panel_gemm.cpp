#include "numerics/panel_gemm.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/units.h"
#include "numerics/dot_add.h"
#include "numerics/fused_dot_add.h"
#include "numerics/integer_format.h"
#include "numerics/moderate_numbers.h"
#include "numerics/plain_gemm.h"
#include "numerics/vector_products.h"
#include "numerics/wide_gemm.h"

namespace stcsim {
namespace {

using enum ElementType;

/// Stored elements of A in a block: keeps a panel's share of B within the first-level cache.
constexpr std::size_t block_length = 128;

/// What all kernels are told about a block of A.
struct BlockShape {
    std::size_t rows;
    std::size_t length;
    const std::uint32_t* b_rows;
    std::size_t b_rows_stride;
    std::size_t sums_stride;
};

/// One product by the kernel of a Kind, which decodes elements into the blocks that it owns and multiplies these. All
/// elements beyond the matrices are zero bits and stay as `clear_a` and `clear_b` leave them.
template <typename Kind>
class PanelGemm {
  public:
    PanelGemm(const GemmOperands& operands, Kind kind)
        : operands_(operands),
          kind_(std::move(kind)),
          length_(round_up(block_length, operands.step)),
          stride_(round_up(operands.c.columns, panel_columns)),
          sums_(operands.c.rows * stride_) {}

    BitMatrix compute() {
        const BitMatrix& c = operands_.c;
        for (std::size_t row = 0; row < c.rows; ++row) {
            for (std::size_t j = 0; j < c.columns; ++j) sums_[row * stride_ + j] = kind_.sum(c.at(row, j));
        }
        for (std::size_t first = 0; first < operands_.padded_stored; first += length_) {
            multiply_block(first, std::min(length_, operands_.padded_stored - first));
        }
        BitMatrix d(c.rows, c.columns, c.type);
        for (std::size_t row = 0; row < d.rows; ++row) {
            for (std::size_t j = 0; j < d.columns; ++j) d.at(row, j) = kind_.bits(sums_[row * stride_ + j]);
        }
        return d;
    }

  private:
    void multiply_block(std::size_t first, std::size_t length) {
        const SparsePattern& pattern = operands_.pattern;
        const std::size_t first_b = first / pattern.kept * pattern.group;
        const std::size_t b_rows = ceil_divide<std::size_t>(length, pattern.kept) * pattern.group;
        load_a(first, length, first_b);
        const std::size_t b_rows_stride = operands_.codes.empty() ? 0 : length;
        for (std::size_t column = 0; column < operands_.c.columns; column += panel_columns) {
            load_b(first_b, b_rows, column);
            kind_.multiply({operands_.a.rows, length, b_rows_.data(), b_rows_stride, stride_}, sums_.data() + column);
        }
    }

    void load_a(std::size_t first, std::size_t length, std::size_t first_b) {
        const BitMatrix& a = operands_.a;
        const bool dense = operands_.codes.empty();
        const std::size_t last = std::min(first + length, a.columns);
        kind_.clear_a(a.rows * length);
        b_rows_.assign(dense ? length : a.rows * length, 0);
        for (std::size_t row = 0; row < a.rows; ++row) {
            for (std::size_t s = first; s < last; ++s) kind_.set_a(row * length + s - first, a.at(row, s));
            if (dense) continue;
            for (std::size_t s = first; s < last; ++s) {
                b_rows_[row * length + s - first] = static_cast<std::uint32_t>(operands_.partner(row, s) - first_b);
            }
        }
        for (std::size_t i = 0; dense && i < length; ++i) b_rows_[i] = static_cast<std::uint32_t>(i);
    }

    void load_b(std::size_t first, std::size_t rows, std::size_t column) {
        const BitMatrix& b = operands_.b;
        const std::size_t columns = std::min(panel_columns, b.columns - column);
        kind_.clear_b(rows * panel_columns);
        for (std::size_t k = first; k < std::min(first + rows, b.rows); ++k) {
            const ElementBits* elements = &b.storage[k * b.columns + column];
            const std::size_t at = (k - first) * panel_columns;
            for (std::size_t j = 0; j < columns; ++j) kind_.set_b(at + j, elements[j]);
        }
    }

    const GemmOperands& operands_;
    Kind kind_;
    std::size_t length_;
    std::size_t stride_;
    std::vector<typename Kind::Value> sums_;  ///< [row][stride]
    std::vector<std::uint32_t> b_rows_;
};

/// f16, bf16 and tf32: fused dot products of moderate numbers.
template <ElementType input, ElementType accumulator>
class Fused {
  public:
    using Value = float;

    [[nodiscard]] static float sum(ElementBits bits) {
        return is_moderate<accumulator>(bits, moderate_addend_exponent) ? moderate_value<accumulator>(bits) : 0.0F;
    }
    [[nodiscard]] static ElementBits bits(float sum) { return bits_of_sum<accumulator>(sum); }
    void clear_a(std::size_t size) { a_.clear(size); }
    void clear_b(std::size_t size) { b_.clear(size); }
    void set_a(std::size_t at, ElementBits bits) { a_.set(at, moderate_factor<input>(bits)); }
    void set_b(std::size_t at, ElementBits bits) { b_.set(at, moderate_factor<input>(bits)); }

    void multiply(const BlockShape& shape, float* sums) const {
        const auto [rows, length, b_rows, b_rows_stride, sums_stride] = shape;
        add_fused_products(accumulator, pass_length_of(input),
                           {rows, length, a_.values.data(), a_.exponents.data(), b_rows, b_rows_stride,
                            b_.values.data(), b_.exponents.data(), sums, sums_stride});
    }

  private:
    struct Factors {
        std::vector<float> values;
        std::vector<std::int8_t> exponents;

        void clear(std::size_t size) {
            values.assign(size, 0.0F);
            exponents.assign(size, ModerateFactor::exponent_of_zero);
        }
        void set(std::size_t at, const ModerateFactor& factor) {
            values[at] = factor.value;
            exponents[at] = factor.exponent;
        }
    };

    Factors a_;
    Factors b_;
};

/// Blocks of one value for each element.
template <typename ValueType>
struct Blocks {
    using Value = ValueType;

    std::vector<Value> a;
    std::vector<Value> b;

    void clear_a(std::size_t size) { a.assign(size, Value{}); }
    void clear_b(std::size_t size) { b.assign(size, Value{}); }
    [[nodiscard]] PanelProduct<Value> product(const BlockShape& shape, Value* sums) const {
        return {shape.rows,          shape.length, a.data(), shape.b_rows,
                shape.b_rows_stride, b.data(),     sums,     shape.sums_stride};
    }
};

struct Doubles : Blocks<double> {
    static double sum(ElementBits bits) { return std::bit_cast<double>(bits); }
    static ElementBits bits(double sum) {
        return std::isnan(sum) ? canonical_nan_f64 : std::bit_cast<ElementBits>(sum);
    }
    void set_a(std::size_t at, ElementBits bits) { a[at] = std::bit_cast<double>(bits); }
    void set_b(std::size_t at, ElementBits bits) { b[at] = std::bit_cast<double>(bits); }
    void multiply(const BlockShape& shape, double* sums) const { add_products(product(shape, sums)); }
};

/// Sums of 32 bits.
struct Words : Blocks<std::uint32_t> {
    static std::uint32_t sum(ElementBits bits) { return static_cast<std::uint32_t>(bits); }
    static ElementBits bits(std::uint32_t sum) { return sum; }
};

struct Integers : Words {
    ElementType a_type;
    ElementType b_type;
    std::size_t saturating_length;  ///< stored elements of an instruction; 0 if sums wrap around

    Integers(const Arithmetic& arithmetic, std::size_t step)
        : a_type(arithmetic.a),
          b_type(arithmetic.b),
          saturating_length(arithmetic.overflow == Overflow::saturate ? step : 0) {}

    void set_a(std::size_t at, ElementBits bits) { a[at] = static_cast<std::uint32_t>(integer_value(a_type, bits)); }
    void set_b(std::size_t at, ElementBits bits) { b[at] = static_cast<std::uint32_t>(integer_value(b_type, bits)); }
    void multiply(const BlockShape& shape, std::uint32_t* sums) const {
        if (saturating_length == 0) return add_products(product(shape, sums));
        add_products_saturating(product(shape, sums), saturating_length);
    }
};

/// Words of 32 bits of b1.
struct BitWords : Words {
    BitOperation operation;

    explicit BitWords(BitOperation operation_) : operation(operation_) {}
    void set_a(std::size_t at, ElementBits bits) { a[at] = static_cast<std::uint32_t>(bits); }
    void set_b(std::size_t at, ElementBits bits) { b[at] = static_cast<std::uint32_t>(bits); }
    void multiply(const BlockShape& shape, std::uint32_t* sums) const {
        add_bit_counts(product(shape, sums), operation);
    }
};

/// Rows of A and columns of B with numbers that are not moderate.
struct Exceptions {
    std::vector<std::uint8_t> rows;
    std::vector<std::uint8_t> columns;
};

template <ElementType input>
Exceptions exceptions(const BitMatrix& a, const BitMatrix& b) {
    Exceptions found{std::vector<std::uint8_t>(a.rows), std::vector<std::uint8_t>(b.columns)};
    for (std::size_t row = 0; row < a.rows; ++row) {
        for (std::size_t s = 0; s < a.columns; ++s) {
            found.rows[row] |= static_cast<std::uint8_t>(!is_moderate<input>(a.at(row, s), moderate_exponent));
        }
    }
    for (std::size_t k = 0; k < b.rows; ++k) {
        for (std::size_t j = 0; j < b.columns; ++j) {
            found.columns[j] |= static_cast<std::uint8_t>(!is_moderate<input>(b.at(k, j), moderate_exponent));
        }
    }
    return found;
}

template <ElementType input, ElementType accumulator>
BitMatrix fused_gemm(const GemmOperands& operands) {
    const BitMatrix& c = operands.c;
    const Exceptions found = exceptions<input>(operands.a, operands.b);
    std::vector<std::size_t> plain;  // elements of D
    for (std::size_t row = 0; row < c.rows; ++row) {
        for (std::size_t j = 0; j < c.columns; ++j) {
            const bool moderate = found.rows[row] == 0 && found.columns[j] == 0 &&
                                  is_moderate<accumulator>(c.at(row, j), moderate_addend_exponent);
            if (!moderate) plain.push_back(row * c.columns + j);
        }
    }
    // The plain path takes about ten times as long as the wide one.
    if (plain.size() > c.storage.size() / 10) return wide_gemm(operands);
    BitMatrix d = PanelGemm(operands, Fused<input, accumulator>()).compute();
    for (const std::size_t element : plain) {
        d.storage[element] = plain_element(operands, element / c.columns, element % c.columns);
    }
    return d;
}

BitMatrix bit_gemm(const GemmOperands& operands) {
    constexpr std::size_t word = 32;
    const BitMatrix& a = operands.a;
    const BitMatrix& b = operands.b;
    const std::size_t k = ceil_divide(a.columns, word);
    BitMatrix a_words(a.rows, k, a.type);
    BitMatrix b_words(k, b.columns, b.type);
    for (std::size_t row = 0; row < a.rows; ++row) {
        for (std::size_t s = 0; s < a.columns; ++s) a_words.at(row, s / word) |= (a.at(row, s) & 1U) << s % word;
    }
    for (std::size_t s = 0; s < b.rows; ++s) {
        for (std::size_t j = 0; j < b.columns; ++j) b_words.at(s / word, j) |= (b.at(s, j) & 1U) << s % word;
    }
    const GemmOperands words{operands.arithmetic, a_words,         {}, operands.pattern, b_words,
                             operands.c,          a_words.columns, 1};
    return PanelGemm(words, BitWords(operands.arithmetic.bit_operation)).compute();
}

}  // namespace

BitMatrix panel_gemm(const GemmOperands& operands) {
    if (operands.padded_stored == 0) return operands.c;
    switch (operands.arithmetic.a) {
        case f16:
            return operands.arithmetic.accumulator == f16 ? fused_gemm<f16, f16>(operands)
                                                          : fused_gemm<f16, f32>(operands);
        case bf16: return fused_gemm<bf16, f32>(operands);
        case tf32: return fused_gemm<tf32, f32>(operands);
        case f64: return PanelGemm(operands, Doubles()).compute();
        case b1: return bit_gemm(operands);
        default: break;
    }
    const bool saturating = operands.arithmetic.overflow == Overflow::saturate;
    if (saturating && operands.step >= saturating_length_limit) return plain_gemm(operands);
    return PanelGemm(operands, Integers(operands.arithmetic, operands.step)).compute();
}

}  // namespace stcsim
