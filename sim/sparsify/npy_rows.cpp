#include "sparsify/npy_rows.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"

namespace stcsim {

NpyRows::NpyRows(const std::filesystem::path& file, std::string_view role) : reader_(file, role) {
    if (shape().empty())
        throw InputError(where(), "an array without axes", "one of at least one axis, the last of them k");
    if (columns() == 0) throw InputError(where(), fmt::format("shape {}", shape_text(shape())), "at least one column");
    rows_ = 1;
    for (std::size_t axis = 0; axis + 1 < shape().size(); ++axis) rows_ *= shape()[axis];
}

std::vector<std::size_t> NpyRows::shape_with_columns(std::size_t columns) const {
    std::vector<std::size_t> changed = shape();
    changed.back() = columns;
    return changed;
}

std::string NpyRows::index_text(std::size_t row, std::size_t column) const {
    return stcsim::index_text(shape(), row * columns() + column);
}

NpyArray NpyRows::read(std::size_t first, std::size_t count) const {
    if (!reader_.header().fortran_order || shape().size() == 1) {
        NpyArray block = reader_.read_elements(first * columns(), count * columns());
        block.shape = {count, columns()};
        return block;
    }
    NpyArray block(type(), {count, columns()});
    const std::size_t row_bytes = columns() * width_of(type());
    const std::size_t rows_per_slice = rows_ / std::max<std::size_t>(1, shape().front());
    for (std::size_t row = first; row < first + count;) {
        // As many slices of the first axis as the rows left fill, but at least the one that the row is in.
        const std::size_t slice = row / rows_per_slice;
        const std::size_t in_slice = row % rows_per_slice;
        const std::size_t left = first + count - row;
        const std::size_t slices = std::max<std::size_t>(1, left / rows_per_slice);
        const std::size_t rows = std::min(slices * rows_per_slice - in_slice, left);
        const NpyArray read = reader_.read_rows(slice, slices);
        std::copy_n(read.data.begin() + static_cast<std::ptrdiff_t>(in_slice * row_bytes), rows * row_bytes,
                    block.data.begin() + static_cast<std::ptrdiff_t>((row - first) * row_bytes));
        row += rows;
    }
    return block;
}

}  // namespace stcsim
