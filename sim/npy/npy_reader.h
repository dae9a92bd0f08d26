/// .npy files read in blocks of rows, for arrays that need not fit memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

#include "base/error.h"
#include "npy/npy_array.h"
#include "npy/npy_header.h"

namespace stcsim {

/// An open .npy file. Its header and size are checked when it is opened.
class NpyReader {
  public:
    /// Throws InputError if the file is missing, no regular file, not readable or no .npy file that parse_npy takes.
    /// Messages say `role`, for instance the option that names the file, before the file's name.
    explicit NpyReader(const std::filesystem::path& file, std::string_view role = {});
    NpyReader(const NpyReader&) = delete;
    NpyReader& operator=(const NpyReader&) = delete;
    ~NpyReader();

    /// Role and name of the file, for messages.
    [[nodiscard]] const InputLocation& where() const { return where_; }
    [[nodiscard]] const NpyHeader& header() const { return header_; }

    /// `count` rows (elements that share a first index) from `first` on, row-major, with the shape [count, other
    /// dimensions...]; an array without dimensions counts as one row. Holds no more than these rows. An array in
    /// Fortran order is read in place too, with one read per column of the block. Rows that do not exist break an
    /// invariant; a file that has become shorter is an InputError.
    [[nodiscard]] NpyArray read_rows(std::size_t first, std::size_t count) const;

    /// `count` elements from the row-major position `first` on, with the shape [count]: for arrays of which even what
    /// shares a first index need not fit memory. An array of several dimensions in Fortran order, and elements that do
    /// not exist, break an invariant.
    [[nodiscard]] NpyArray read_elements(std::size_t first, std::size_t count) const;

  private:
    InputLocation where_;
    NpyHeader header_;
    int descriptor_ = -1;
};

}  // namespace stcsim
