/// The sets of measurements, and where their files are.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "validate/reference_point.h"

namespace stcsim {

/// In the order in which they are validated and reported.
inline constexpr std::array reference_sets{ReferenceSet::instructions, ReferenceSet::shared_memory,
                                           ReferenceSet::memory, ReferenceSet::gemm};

/// "instructions", "shared-memory", "memory", "gemm".
std::string_view name_of(ReferenceSet set);

/// The set with this name, or nothing.
std::optional<ReferenceSet> reference_set_named(std::string_view name);

/// What a reader of the set's numbers has to know, a sentence; empty if nothing.
std::string_view caveat_of(ReferenceSet set);

/// The folder that the measurements are shipped in: `reference` beside the folder of the GPU descriptions. Throws
/// InputError if there is none.
std::filesystem::path shipped_references();

/// The points of a set, from its file in `folder`. Throws InputError for a bad or missing file, and for a point twice.
std::vector<ReferencePoint> read_reference_set(ReferenceSet set, const std::filesystem::path& folder);

}  // namespace stcsim
