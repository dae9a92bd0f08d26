/// A matrix of raw bit patterns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "numerics/element_type.h"

namespace stcsim {

/// Row-major `rows` x `columns` elements, each the raw bits of `type`. All zero bits
/// when constructed.
struct BitMatrix {
    std::size_t rows = 0;
    std::size_t columns = 0;
    ElementType type = ElementType::f32;
    std::vector<ElementBits> storage;

    BitMatrix() = default;
    BitMatrix(std::size_t rows_, std::size_t columns_, ElementType type_)
        : rows(rows_), columns(columns_), type(type_), storage(rows_ * columns_) {}

    ElementBits& at(std::size_t row, std::size_t column) { return storage[row * columns + column]; }
    [[nodiscard]] ElementBits at(std::size_t row, std::size_t column) const { return storage[row * columns + column]; }

    bool operator==(const BitMatrix&) const = default;
};

}  // namespace stcsim
