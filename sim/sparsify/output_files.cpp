#include "sparsify/output_files.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace stcsim {

NpyWriter& OutputFiles::open(const std::filesystem::path& file, std::string_view role, NpyType type,
                             std::vector<std::size_t> shape) {
    const std::filesystem::path name = std::filesystem::weakly_canonical(std::filesystem::absolute(file));
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) {
        throw InputError({}, fmt::format("{} {}, which another option writes too", role, file.string()),
                         "a file of its own for each output");
    }
    names_.push_back(name);
    return *writers_.emplace_back(std::make_unique<NpyWriter>(file, type, std::move(shape)));
}

void OutputFiles::finish() {
    for (const auto& writer : writers_) writer->store();
    for (const auto& writer : writers_) writer->finish();
}

}  // namespace stcsim
