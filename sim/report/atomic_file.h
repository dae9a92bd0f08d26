/// Result files are written whole or not at all: into a temporary file beside the target, then renamed.
#pragma once

#include <filesystem>
#include <string_view>

namespace stcsim {

/// Writes `content` to `file`, replacing what was there, or leaves everything as it was and throws InputError.
void write_whole_file(const std::filesystem::path& file, std::string_view content);

/// Throws InputError if write_whole_file could not write this file: called before a long simulation. Leaves nothing
/// behind.
void check_writable(const std::filesystem::path& file);

/// From now on SIGINT and SIGTERM remove temporary files that are being written, then end the process with exit status
/// 130.
void remove_temporary_files_on_interrupt();

}  // namespace stcsim
