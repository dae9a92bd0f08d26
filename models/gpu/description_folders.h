/// Where GPU descriptions are found.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace stcsim {

/// The existing description folders, in order of precedence: $STCSIM_GPUS if set; the source tree's models/gpus if the
/// program runs from the build tree; share/stcsim/gpus beside the program's bin/; the configured install prefix's.
/// Throws InputError if $STCSIM_GPUS is not a folder.
std::vector<std::filesystem::path> description_folders();

/// The file of the description with this name in the first folder that has one. Throws InputError, with near names, if
/// none has.
std::filesystem::path find_description(const std::string& name);

}  // namespace stcsim
