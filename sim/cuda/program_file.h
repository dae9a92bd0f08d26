/// What an executable says about the libraries it needs, before it is run.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace stcsim {

/// The parts of an ELF file that decide whether its CUDA calls can be simulated.
struct ElfSummary {
    bool dynamic = false;                ///< linked with shared libraries at all
    std::vector<std::string> libraries;  ///< DT_NEEDED, in order
    bool old_run_path = false;           ///< DT_RPATH, which goes before LD_LIBRARY_PATH
    bool device_code = false;            ///< has a section of CUDA device code
};

/// Reads a 64-bit little-endian ELF file; nothing if these bytes are not one, or are cut short or inconsistent.
/// Source: System V ABI, "Object files" and "Dynamic linking".
std::optional<ElfSummary> read_elf(std::span<const std::byte> file);

/// The file that a shell would run for this name: itself if it has a slash, else the first in $PATH. Throws InputError
/// if there is none, or it cannot be executed.
std::filesystem::path find_program(const std::string& name);

/// Throws InputError, with the compiler flag that helps, for a program whose CUDA calls cannot reach the stand-in: one
/// linked statically, with the CUDA runtime inside, or with the driver's interface. Programs that load the runtime
/// through another library, and scripts, pass.
void check_program(const std::filesystem::path& program);

}  // namespace stcsim
