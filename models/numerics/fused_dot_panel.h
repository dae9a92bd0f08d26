/// The fused dot product of fused_dot_add.h for many columns of B at once, in double arithmetic that a compiler turns
/// into vector instructions.
///
/// Why doubles give the same bits: a product of two tensor-core inputs and its scaling by a power of two are exact in a
/// double, conversion to an integer cuts toward zero as the alignment does, and the cut terms of a pass sum in 32 bits.
/// Infinities and NaNs among the operands are outside: whoever calls keeps them away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "numerics/element_type.h"

namespace stcsim {

/// Columns of B, and of sums, that are computed together.
inline constexpr std::size_t wide_panel_columns = 16;

/// A finite number as the panel arithmetic wants it: its value, and 2 to the exponent it has in its own format (0 for
/// zero, which takes no part in the alignment).
struct PanelNumber {
    double value;
    double power;
};

/// `bits` of type f16, bf16 or tf32; infinity and NaN become zero.
PanelNumber panel_number(ElementType input, ElementBits bits);

/// Whether the bits are infinity or NaN.
bool is_special(ElementType type, ElementBits bits);

/// Rows of B for wide_panel_columns columns, values and powers apart: [row][column].
struct PanelOfB {
    std::vector<double> values;
    std::vector<double> powers;

    explicit PanelOfB(std::size_t rows) : values(rows * wide_panel_columns), powers(rows * wide_panel_columns) {}
    void set(std::size_t row, std::size_t column, const PanelNumber& number) {
        values[row * wide_panel_columns + column] = number.value;
        powers[row * wide_panel_columns + column] = number.power;
    }
};

/// A stored element of A and the row of the panel it is multiplied with.
struct PanelFactor {
    PanelNumber number;
    std::size_t b_row;
};

/// Adds row x panel to `sums` (wide_panel_columns values of type `accumulator`, held as doubles) in passes of
/// `pass_length` (4 or 8) factors; the row's length is a multiple of it. An infinite sum is a number beyond the
/// accumulator's range.
void accumulate_row(ElementType accumulator, std::size_t pass_length, std::span<const PanelFactor> row,
                    const PanelOfB& panel, std::span<double, wide_panel_columns> sums);

}  // namespace stcsim
