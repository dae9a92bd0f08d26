#include "validate/reference_sets.h"

#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/error.h"
#include "gpu/description_folders.h"
#include "validate/gemm_reference.h"
#include "validate/memory_reference.h"
#include "validate/microbench_references.h"

namespace stcsim {
namespace {

struct SetOfFile {
    std::string_view name;
    std::string_view file;
    std::vector<ReferencePoint> (*read)(const std::filesystem::path&);
    std::string_view caveat;
};

/// In the order of ReferenceSet.
constexpr std::array<SetOfFile, reference_sets.size()> set_files{{
    {"instructions", "mma_a100.csv", read_instruction_reference, ""},
    {"shared-memory", "shared_memory_a100.csv", read_shared_memory_reference, ""},
    {"memory", "memory_a100.csv", read_memory_reference,
     "One SM or all of them on the memory alone (stcsim microbench --memory); ranges as their middle."},
    {"gemm", "gemm_a100_pcie80.csv", read_gemm_reference,
     "s8 is not like for like: dense products are written as s32, 2:4 ones as bf16."},
}};

const SetOfFile& file_of(ReferenceSet set) {
    return set_files[static_cast<std::size_t>(set)];
}

}  // namespace

std::string_view name_of(ReferenceSet set) {
    return file_of(set).name;
}

std::optional<ReferenceSet> reference_set_named(std::string_view name) {
    for (const ReferenceSet set : reference_sets) {
        if (name == name_of(set)) return set;
    }
    return std::nullopt;
}

std::string_view caveat_of(ReferenceSet set) {
    return file_of(set).caveat;
}

std::filesystem::path shipped_references() {
    for (const std::filesystem::path& gpus : description_folders()) {
        const std::filesystem::path folder = gpus.parent_path() / "reference";
        std::error_code ignored;
        if (std::filesystem::is_directory(folder, ignored)) return folder;
    }
    throw InputError({}, "no folder of reference measurements", "an installation that has one, or --reference FOLDER");
}

std::vector<ReferencePoint> read_reference_set(ReferenceSet set, const std::filesystem::path& folder) {
    const std::filesystem::path file = folder / file_of(set).file;
    std::vector<ReferencePoint> points = file_of(set).read(file);
    std::set<std::tuple<std::string, std::string, std::string, std::string>> seen;
    for (const ReferencePoint& point : points) {
        if (!seen.emplace(point.gpu, point.type, point.figure, point.name).second) {
            throw InputError({file.string()}, fmt::format("{} {} of {} twice", point.type, point.figure, point.name),
                             "each measurement once");
        }
    }
    return points;
}

}  // namespace stcsim
