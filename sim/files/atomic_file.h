/// Result files are written whole or not at all: into a temporary file beside the target, then renamed.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>

namespace stcsim {

/// A file that is written piece by piece and appears under its name only when it is finished. One that is dropped
/// before leaves what was there. At most `at_once` can be open; all from one thread.
class AtomicFile {
  public:
    static constexpr std::size_t at_once = 8;

    /// Throws InputError if the file cannot be written.
    explicit AtomicFile(const std::filesystem::path& file);
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    ~AtomicFile();

    /// Appends. Throws InputError if there is no room.
    void write(std::string_view content);

    /// Brings everything to the disk, so that only the name is missing. Throws InputError if that fails.
    void store();

    /// Gives the file its name, replacing what was there; the last call. Stores it before that.
    void finish();

  private:
    struct Temporary;
    std::unique_ptr<Temporary> temporary_;
};

/// Writes `content` to `file`, replacing what was there, or leaves everything as it was and throws InputError.
void write_whole_file(const std::filesystem::path& file, std::string_view content);

/// Throws InputError if write_whole_file could not write this file: called before a long simulation. Leaves nothing
/// behind.
void check_writable(const std::filesystem::path& file);

/// From now on SIGINT and SIGTERM remove temporary files that are being written, then end the process with exit status
/// 130.
void remove_temporary_files_on_interrupt();

}  // namespace stcsim
