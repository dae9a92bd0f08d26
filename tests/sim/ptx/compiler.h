/// The CUDA compiler, where there is one.
#pragma once

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace stcsim {

/// Skips the test, saying so, without nvcc.
#define STCSIM_NEED_NVCC() \
    if (std::string(STCSIM_NVCC).empty()) GTEST_SKIP() << "no CUDA compiler (nvcc) here"

/// A folder of this name among the temporary ones, empty.
std::filesystem::path fresh_folder(const std::string& name);

/// Writes `source` into `folder`/kernel.cu and runs nvcc there on it with the options. Fails the test, and returns
/// false, if nvcc does.
bool compile(const std::filesystem::path& folder, const std::string& source, const std::string& options);

/// Runs the shell's command in the folder; what it prints, both streams.
std::string output_of(const std::filesystem::path& folder, const std::string& command);

std::string contents_of(const std::filesystem::path& file);

}  // namespace stcsim
