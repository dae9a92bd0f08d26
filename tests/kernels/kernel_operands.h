/// Operands for the kernels of this folder.
#pragma once

#include <cstddef>
#include <random>

#include "numerics/bit_matrix.h"
#include "numerics/float_format.h"

namespace stcsim::testing {

/// Floats whose sums are rounded, integers of all values.
inline BitMatrix random_matrix(std::size_t rows, std::size_t columns, ElementType type, unsigned seed) {
    std::mt19937 random(seed);
    BitMatrix matrix(rows, columns, type);
    for (ElementBits& element : matrix.storage) {
        const double value = static_cast<double>(random()) / 0x1p31 - 1;
        if (type == ElementType::tf32) {
            element = from_double(ElementType::f32, value);
        } else {
            element = is_float(type) ? from_double(type, value) : random() & 0xFFU;
        }
    }
    return matrix;
}

inline BitMatrix transposed(const BitMatrix& matrix) {
    BitMatrix other(matrix.columns, matrix.rows, matrix.type);
    for (std::size_t row = 0; row < matrix.rows; ++row) {
        for (std::size_t column = 0; column < matrix.columns; ++column) other.at(column, row) = matrix.at(row, column);
    }
    return other;
}

}  // namespace stcsim::testing
