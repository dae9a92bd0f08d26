/// .npy files written in blocks, for arrays that need not fit memory.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "files/atomic_file.h"
#include "npy/npy_array.h"

namespace stcsim {

/// A row-major .npy file, version 1.0, that appears under its name only when it is finished; as many at once as
/// AtomicFile allows.
class NpyWriter {
  public:
    /// Throws InputError if the file cannot be written.
    NpyWriter(const std::filesystem::path& file, NpyType type, std::vector<std::size_t> shape);

    /// The next elements, in row-major order, of the file's type. Throws InputError if there is no room.
    void append(const NpyArray& elements);

    /// Stores everything, after which only the name is missing: for several files that are to appear together. All
    /// elements have been appended, or an invariant breaks. Throws InputError if there is no room.
    void store();

    /// Gives the file its name, replacing what was there; stores it before that.
    void finish();

  private:
    AtomicFile file_;
    NpyType type_;
    std::size_t missing_bytes_;
};

}  // namespace stcsim
