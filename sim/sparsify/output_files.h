/// Output files that appear together or not at all.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "npy/npy_writer.h"

namespace stcsim {

/// The files that one command writes.
class OutputFiles {
  public:
    /// A file to be written under this name; the address stays valid. `role` names it in messages, for instance
    /// "--out". Throws InputError if it cannot be written or is named twice.
    NpyWriter& open(const std::filesystem::path& file, std::string_view role, NpyType type,
                    std::vector<std::size_t> shape);

    /// Stores all files, then gives them their names.
    void finish();

  private:
    std::vector<std::filesystem::path> names_;
    std::vector<std::unique_ptr<NpyWriter>> writers_;
};

}  // namespace stcsim
