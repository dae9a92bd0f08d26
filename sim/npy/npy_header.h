/// The header of an .npy file: element type, order and shape.
///
/// A file is the magic string \x93NUMPY, two bytes of version, the length of the header text (2 bytes in version 1.0, 4
/// in 2.0 and 3.0, little-endian), the text, and then the elements to the end of the file. The text is a dictionary
/// literal of Python with the keys 'descr', 'fortran_order' and 'shape'. Source: numpy, "NPY format"
/// (numpy.lib.format).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "npy/npy_type.h"

namespace stcsim {

struct NpyHeader {
    NpyType type = NpyType::u1;
    /// The first index changes fastest in the file; else the last one does.
    bool fortran_order = false;
    std::vector<std::size_t> shape;
    /// Bytes before the first element.
    std::size_t data_offset = 0;

    /// All elements; an array without dimensions has one.
    [[nodiscard]] std::size_t elements() const;
    /// The first dimension; 1 for an array without dimensions.
    [[nodiscard]] std::size_t rows() const { return shape.empty() ? 1 : shape.front(); }
    /// Elements that share a first index.
    [[nodiscard]] std::size_t row_elements() const;
    [[nodiscard]] std::size_t data_bytes() const { return elements() * width_of(type); }
};

/// Bytes that npy_header_size wants to see, or the whole file if it is shorter.
inline constexpr std::size_t npy_preamble_bytes = 12;

/// Bytes from the start of the file to the first element, from its first bytes. Throws InputError if they do not start
/// an .npy file of version 1.0, 2.0 or 3.0, or the header is longer than 1 MiB or the `file_size` bytes there are.
std::size_t npy_header_size(std::span<const std::byte> start, std::uint64_t file_size, const InputLocation& where);

/// The header in exactly these bytes. Throws InputError if it is malformed, holds a type other than those of NpyType
/// (big-endian, structured, object, string, complex ...), more than 32 dimensions, or a shape whose elements would not
/// fit the address space; and if the data it promises is not what a file of `file_size` bytes holds.
NpyHeader parse_npy_header(std::span<const std::byte> header, std::uint64_t file_size, const InputLocation& where);

/// The bytes that numpy writes before the elements of a row-major array (version 1.0, padded to a multiple of 64).
std::string npy_header_text(NpyType type, std::span<const std::size_t> shape);

/// "(3, 4)", as Python prints a shape.
std::string shape_text(std::span<const std::size_t> shape);

}  // namespace stcsim
