/// PTX text to a module. README.md says what of the language is read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "ptx/ptx_module.h"

namespace stcsim {

/// The module that `text` is; NUL bytes at its end are left out. `name` is for messages: the file, or the executable it
/// came from. In time linear in the text. Throws InputError with `name`, the line and, in what was found, the column.
PtxModule parse_ptx(std::string_view text, const std::string& name);

/// The module in a file. Throws InputError also for what cannot be read.
PtxModule read_ptx(const std::filesystem::path& file);

/// Throws InputError if the module's target is newer than the architecture, or for one GPU only (`sm_90a`): 80 is that
/// of sm_80. Says which option of the compiler makes it usable.
void require_target(const PtxModule& module, std::uint32_t architecture);

}  // namespace stcsim
