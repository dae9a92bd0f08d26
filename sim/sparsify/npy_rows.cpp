#include "sparsify/npy_rows.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace stcsim {

NpyRows::NpyRows(const std::filesystem::path& file, std::string_view role)
    : reader_(std::in_place, file, role), header_(reader_->header()), where_(reader_->where()) {
    count_rows();
}

NpyRows::NpyRows(NpyArray array, InputLocation where)
    : held_(std::move(array)), header_{held_.type, false, held_.shape, 0}, where_(std::move(where)) {
    count_rows();
}

void NpyRows::count_rows() {
    if (shape().empty())
        throw InputError(where(), "an array without axes", "one of at least one axis, the last of them k");
    if (columns() == 0) throw InputError(where(), fmt::format("shape {}", shape_text(shape())), "at least one column");
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
    if (!reader_) {
        NpyArray block(type(), {count, columns()});
        const std::size_t row_bytes = columns() * width_of(type());
        STCSIM_ASSERT(first <= rows_ && count <= rows_ - first);
        std::copy_n(held_.data.begin() + static_cast<std::ptrdiff_t>(first * row_bytes), count * row_bytes,
                    block.data.begin());
        return block;
    }
    if (!header_.fortran_order || shape().size() == 1) {
        NpyArray block = reader_->read_elements(first * columns(), count * columns());
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
        const NpyArray read = reader_->read_rows(slice, slices);
        std::copy_n(read.data.begin() + static_cast<std::ptrdiff_t>(in_slice * row_bytes), rows * row_bytes,
                    block.data.begin() + static_cast<std::ptrdiff_t>((row - first) * row_bytes));
        row += rows;
    }
    return block;
}

}  // namespace stcsim
