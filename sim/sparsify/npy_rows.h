/// An .npy file, or an array in memory, as rows along its last axis, read in blocks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "npy/npy_reader.h"

namespace stcsim {

/// The array [.., k] as a matrix of k columns: all axes but the last are rows, in row-major order; [k] is one row.
/// Nothing but the rows asked for is held, except that an array of more than two axes in Fortran order is read in whole
/// slices of its first axis.
class NpyRows {
  public:
    /// `role` names the file in messages, for instance "--in". Throws InputError for what NpyReader refuses and for an
    /// array without axes or columns.
    NpyRows(const std::filesystem::path& file, std::string_view role);
    /// The same of an array in memory, whose origin messages name. Throws InputError for an array without axes or
    /// columns.
    NpyRows(NpyArray array, InputLocation where);

    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] std::size_t columns() const { return shape().back(); }
    [[nodiscard]] const std::vector<std::size_t>& shape() const { return header_.shape; }
    [[nodiscard]] NpyType type() const { return header_.type; }
    /// Role and name, for messages.
    [[nodiscard]] const InputLocation& where() const { return where_; }

    /// The shape with another last axis.
    [[nodiscard]] std::vector<std::size_t> shape_with_columns(std::size_t columns) const;

    /// "[2,0,8]": the index of an element, for messages.
    [[nodiscard]] std::string index_text(std::size_t row, std::size_t column) const;

    /// Rows first, first + 1 .. as an array [count, k].
    [[nodiscard]] NpyArray read(std::size_t first, std::size_t count) const;

  private:
    void count_rows();

    std::optional<NpyReader> reader_;
    NpyArray held_;  ///< where there is no reader
    NpyHeader header_;
    InputLocation where_;
    std::size_t rows_ = 1;
};

/// About how many elements a block holds; a row is never cut.
inline constexpr std::size_t elements_per_block = std::size_t{1} << 20U;

/// Calls use(first row, rows) for blocks of about elements_per_block elements of a matrix, in order.
template <typename Use>
void for_each_block(std::size_t rows, std::size_t columns, Use use) {
    const std::size_t step = std::max<std::size_t>(1, elements_per_block / columns);
    for (std::size_t first = 0; first < rows; first += step) use(first, std::min(step, rows - first));
}

}  // namespace stcsim
