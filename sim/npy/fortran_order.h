/// From the order in which the first index changes fastest to the one in which the last one does.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "npy/npy_header.h"

namespace stcsim {

/// Walks the indices after the first of an array in Fortran order, and says where each stands in row-major order.
class FortranColumns {
  public:
    explicit FortranColumns(std::span<const std::size_t> shape);

    /// The row-major position, within a row, of the current column.
    [[nodiscard]] std::size_t row_major_position() const { return position_; }
    /// To the next column in Fortran order; after the last, back to the first.
    void advance();

  private:
    std::vector<std::size_t> sizes_;    ///< of the dimensions after the first
    std::vector<std::size_t> strides_;  ///< their row-major strides, in elements
    std::vector<std::size_t> index_;
    std::size_t position_ = 0;
};

/// Copies `count` elements of `width` bytes that lie one after the other to places `stride` elements apart.
void scatter(std::span<const std::byte> from, std::size_t width, std::byte* to, std::size_t stride);

/// All elements: `from` in Fortran order, `to` row-major, both of header.data_bytes() bytes.
void copy_from_fortran_order(const NpyHeader& header, std::span<const std::byte> from, std::span<std::byte> to);

}  // namespace stcsim
