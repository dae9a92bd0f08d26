#include "cuda/runtime_folder.h"

#include <algorithm>
#include <array>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"

namespace stcsim {
namespace {

namespace fs = std::filesystem;

bool is_below(const fs::path& path, const fs::path& folder) {
    const auto [end_of_folder, at] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    return end_of_folder == folder.end() && at != path.end();
}

bool has_runtime(const fs::path& folder) {
    std::error_code ignored;
    return fs::is_regular_file(folder / "libcudart.so.13", ignored);
}

}  // namespace

fs::path cuda_runtime_folder() {
    std::error_code unknown;
    const fs::path program = fs::read_symlink("/proc/self/exe", unknown);
    const fs::path built = STCSIM_BUILT_CUDART;
    if (!unknown) {
        if (is_below(program, STCSIM_BUILD_FOLDER) && has_runtime(built)) return built;
        const fs::path beside = (program.parent_path() / ".." / STCSIM_INSTALL_RELATIVE_CUDART).lexically_normal();
        if (has_runtime(beside)) return beside;
    }
    if (has_runtime(STCSIM_INSTALLED_CUDART)) return STCSIM_INSTALLED_CUDART;
    throw InputError({}, "no libcudart.so of stcsim",
                     fmt::format("one in {} beside the program's folder, where the "
                                 "installation puts it",
                                 STCSIM_INSTALL_RELATIVE_CUDART));
}

}  // namespace stcsim
