#include "npy/npy_array.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "npy/fortran_order.h"
#include "npy/npy_header.h"

namespace stcsim {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are copied as they are in the file");

/// Calls `use` with a value of the unsigned type that has the width.
template <typename Use>
void with_unsigned(std::size_t width, Use use) {
    switch (width) {
        case 1: return use(std::uint8_t{});
        case 2: return use(std::uint16_t{});
        case 4: return use(std::uint32_t{});
        default: return use(std::uint64_t{});
    }
}

}  // namespace

NpyArray::NpyArray(NpyType type_, std::vector<std::size_t> shape_) : type(type_), shape(std::move(shape_)) {
    data.resize(NpyHeader{type, false, shape, 0}.data_bytes());
}

std::uint64_t NpyArray::bits(std::size_t position) const {
    std::uint64_t bits = 0;
    copy_bits(position, {&bits, 1});
    return bits;
}

void NpyArray::copy_bits(std::size_t first, std::span<std::uint64_t> to) const {
    STCSIM_ASSERT(first <= elements() && to.size() <= elements() - first);
    with_unsigned(width_of(type), [&]<typename Word>(Word word) {
        const std::byte* from = data.data() + first * sizeof word;
        for (std::uint64_t& bits : to) {
            std::memcpy(&word, from, sizeof word);
            bits = word;
            from += sizeof word;
        }
    });
}

void NpyArray::set_bits(std::size_t first, std::span<const std::uint64_t> from) {
    STCSIM_ASSERT(first <= elements() && from.size() <= elements() - first);
    with_unsigned(width_of(type), [&]<typename Word>(Word word) {
        std::byte* to = data.data() + first * sizeof word;
        for (const std::uint64_t bits : from) {
            word = static_cast<Word>(bits);
            std::memcpy(to, &word, sizeof word);
            to += sizeof word;
        }
    });
}

std::int64_t NpyArray::integer(std::size_t position) const {
    STCSIM_ASSERT(is_integer(type));
    const std::uint64_t raw = bits(position);
    if (is_signed_integer(type)) {
        const std::size_t unused = 64 - 8 * width_of(type);
        return static_cast<std::int64_t>(raw << unused) >> unused;
    }
    return static_cast<std::int64_t>(std::min<std::uint64_t>(raw, std::numeric_limits<std::int64_t>::max()));
}

NpyArray parse_npy(std::span<const std::byte> file, const InputLocation& where) {
    const std::size_t header_size = npy_header_size(file, file.size(), where);
    const NpyHeader header = parse_npy_header(file.first(header_size), file.size(), where);
    const std::span<const std::byte> data = file.subspan(header_size);
    NpyArray array(header.type, header.shape);
    if (header.fortran_order) {
        copy_from_fortran_order(header, data, array.data);
    } else {
        std::ranges::copy(data, array.data.begin());
    }
    return array;
}

std::string npy_bytes(const NpyArray& array) {
    std::string bytes = npy_header_text(array.type, array.shape);
    bytes.append(reinterpret_cast<const char*>(array.data.data()), array.data.size());
    return bytes;
}

std::string index_text(std::span<const std::size_t> shape, std::size_t position) {
    std::vector<std::size_t> index(shape.size());
    for (std::size_t i = shape.size(); i-- > 0;) {
        index[i] = position % shape[i];
        position /= shape[i];
    }
    return fmt::format("[{}]", fmt::join(index, ","));
}

}  // namespace stcsim
