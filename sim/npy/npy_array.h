/// An array as .npy files hold it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "npy/npy_type.h"

namespace stcsim {

/// Elements as raw little-endian bytes, row-major, whatever order the file had.
struct NpyArray {
    NpyType type = NpyType::u1;
    std::vector<std::size_t> shape;
    std::vector<std::byte> data;

    NpyArray() = default;
    /// All zero bits.
    NpyArray(NpyType type_, std::vector<std::size_t> shape_);

    [[nodiscard]] std::size_t elements() const { return data.size() / width_of(type); }
    /// The raw bits of the element at this row-major position, in the low bits.
    [[nodiscard]] std::uint64_t bits(std::size_t position) const;
    /// Elements first, first + 1 ... as bits() gives them.
    void copy_bits(std::size_t first, std::span<std::uint64_t> to) const;
    /// The inverse: sets elements first, first + 1 ... to the low bits of `from`.
    void set_bits(std::size_t first, std::span<const std::uint64_t> from);
    /// The value of an element of an integer or boolean type; one above 2^63 - 1 gives 2^63 - 1. Other types break an
    /// invariant.
    [[nodiscard]] std::int64_t integer(std::size_t position) const;

    bool operator==(const NpyArray&) const = default;
};

/// The array in the bytes of an .npy file. Throws InputError for everything that parse_npy_header (npy_header.h)
/// refuses.
NpyArray parse_npy(std::span<const std::byte> file, const InputLocation& where);

/// The bytes of an .npy file, as numpy would write the array.
std::string npy_bytes(const NpyArray& array);

/// The array in a file. Throws InputError also for what cannot be read.
NpyArray read_npy(const std::filesystem::path& file);

/// Writes the file whole, or leaves what was there and throws InputError.
void write_npy(const std::filesystem::path& file, const NpyArray& array);

/// "[3,0,12]": the index of the element at this row-major position.
std::string index_text(std::span<const std::size_t> shape, std::size_t position);

}  // namespace stcsim
