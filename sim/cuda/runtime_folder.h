/// Where the stand-ins for libcudart.so are found.
#pragma once

#include <filesystem>

namespace stcsim {

/// The folder with libcudart.so.12 and libcudart.so.13: of the build tree if the program runs from there, else the one
/// installed beside it, else the one of the configured prefix. Throws InputError if there is none.
std::filesystem::path cuda_runtime_folder();

}  // namespace stcsim
