#include "npy/fortran_order.h"

#include <cstdint>
#include <cstring>

namespace stcsim {
namespace {

template <typename Word>
void scatter_words(std::span<const std::byte> from, std::byte* to, std::size_t stride) {
    for (std::size_t i = 0; i < from.size(); i += sizeof(Word)) {
        std::memcpy(to + i * stride, from.data() + i, sizeof(Word));
    }
}

}  // namespace

FortranColumns::FortranColumns(std::span<const std::size_t> shape)
    : sizes_(shape.begin() + (shape.empty() ? 0 : 1), shape.end()), strides_(sizes_.size()), index_(sizes_.size()) {
    std::size_t stride = 1;
    for (std::size_t i = sizes_.size(); i-- > 0;) {
        strides_[i] = stride;
        stride *= sizes_[i];
    }
}

void FortranColumns::advance() {
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
        position_ += strides_[i];
        if (++index_[i] < sizes_[i]) return;
        position_ -= strides_[i] * sizes_[i];
        index_[i] = 0;
    }
}

void scatter(std::span<const std::byte> from, std::size_t width, std::byte* to, std::size_t stride) {
    switch (width) {
        case 1: return scatter_words<std::uint8_t>(from, to, stride);
        case 2: return scatter_words<std::uint16_t>(from, to, stride);
        case 4: return scatter_words<std::uint32_t>(from, to, stride);
        default: return scatter_words<std::uint64_t>(from, to, stride);
    }
}

void copy_from_fortran_order(const NpyHeader& header, std::span<const std::byte> from, std::span<std::byte> to) {
    STCSIM_ASSERT(from.size() == header.data_bytes() && to.size() == from.size());
    if (from.empty()) return;
    const std::size_t width = width_of(header.type);
    const std::size_t column_bytes = header.rows() * width;
    FortranColumns columns(header.shape);
    for (std::size_t start = 0; start < from.size(); start += column_bytes) {
        scatter(from.subspan(start, column_bytes), width, to.data() + columns.row_major_position() * width,
                header.row_elements());
        columns.advance();
    }
}

}  // namespace stcsim
