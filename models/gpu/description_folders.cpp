#include "gpu/description_folders.h"

#include <algorithm>
#include <cstdlib>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/near_names.h"
#include "gpu/gpu_description.h"

namespace stcsim {
namespace {

namespace fs = std::filesystem;

bool is_below(const fs::path& path, const fs::path& folder) {
    const auto [end_of_folder, at] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    return end_of_folder == folder.end() && at != path.end();
}

void add_folder(std::vector<fs::path>& folders, const fs::path& folder) {
    std::error_code ignored;
    if (!fs::is_directory(folder, ignored)) return;
    const fs::path canonical = fs::weakly_canonical(folder, ignored);
    if (std::find(folders.begin(), folders.end(), canonical) == folders.end()) folders.push_back(canonical);
}

}  // namespace

std::vector<fs::path> description_folders() {
    std::vector<fs::path> folders;
    if (const char* const chosen = std::getenv("STCSIM_GPUS"); chosen != nullptr && *chosen != '\0') {
        std::error_code ignored;
        if (!fs::is_directory(chosen, ignored)) {
            throw InputError({}, fmt::format("STCSIM_GPUS={}", chosen), "a folder with GPU descriptions (*.toml)");
        }
        add_folder(folders, chosen);
    }
    std::error_code unknown;
    const fs::path program = fs::read_symlink("/proc/self/exe", unknown);
    if (!unknown) {
        if (is_below(program, STCSIM_BUILD_FOLDER)) add_folder(folders, STCSIM_SOURCE_GPUS);
        add_folder(folders, program.parent_path() / ".." / STCSIM_INSTALL_RELATIVE_GPUS);
    }
    add_folder(folders, STCSIM_INSTALLED_GPUS);
    return folders;
}

fs::path find_description(const std::string& name) {
    for (const fs::path& folder : description_folders()) {
        fs::path file = folder / fmt::format("{}.toml", name);
        std::error_code ignored;
        if (fs::is_regular_file(file, ignored)) return file;
    }
    const std::vector<std::string> known = available_gpus();
    const std::vector<std::string> near = near_names(name, known);
    if (near.empty()) {
        throw InputError({}, fmt::format("GPU \"{}\"", name),
                         known.empty() ? std::string("a path to a .toml file (no description folder was found)")
                                       : fmt::format("one of {}, or a path to a .toml file", fmt::join(known, ", ")));
    }
    throw InputError(
        {}, fmt::format("GPU \"{}\"", name),
        fmt::format("the name of a description (near: {}) or a path to a .toml file", fmt::join(near, ", ")));
}

std::vector<std::string> available_gpus() {
    std::vector<std::string> names;
    for (const fs::path& folder : description_folders()) {
        for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
            if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
        }
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

}  // namespace stcsim
