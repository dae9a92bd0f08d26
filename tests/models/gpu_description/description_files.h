/// Shared by the tests of GPU descriptions: description files made for one test, and errors as values.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "gpu/gpu_description.h"

namespace stcsim {

/// A folder that disappears with the test.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "stcsim-XXXXXX").string();
        path_ = mkdtemp(pattern.data());
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    ~TemporaryFolder() { std::filesystem::remove_all(path_); }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Writes a file into the folder and returns its path.
    [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
        const std::filesystem::path file = path_ / name;
        std::ofstream(file, std::ios::binary) << text;
        return file.string();
    }

  private:
    std::filesystem::path path_;
};

/// Points STCSIM_GPUS at a folder while it lives.
class DescriptionFolder {
  public:
    explicit DescriptionFolder(const std::string& path) { setenv("STCSIM_GPUS", path.c_str(), 1); }
    DescriptionFolder(const DescriptionFolder&) = delete;
    DescriptionFolder& operator=(const DescriptionFolder&) = delete;
    ~DescriptionFolder() { unsetenv("STCSIM_GPUS"); }
};

inline std::string shipped_text(const std::string& name) {
    std::ifstream stream(std::filesystem::path(STCSIM_SOURCE_DIR) / "models/gpus" / (name + ".toml"));
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

/// `text` with the first `from` replaced; the test fails if there is none.
inline std::string with(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    if (at != std::string::npos) text.replace(at, from.size(), to);
    return text;
}

inline std::uint64_t line_of(const std::string& text, const std::string& part) {
    const std::size_t at = text.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    return 1 +
           static_cast<std::uint64_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

/// The InputError that `action` throws; the test fails if it throws none.
template <typename Action>
InputError input_error_of(Action action) {
    try {
        action();
    } catch (const InputError& error) {
        return error;
    }
    ADD_FAILURE() << "no InputError was thrown";
    return InputError({}, "", "");
}

}  // namespace stcsim
