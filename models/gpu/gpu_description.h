/// A GPU description: the parameters of a GPU, each with its provenance, read from TOML.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/gpu_parameters.h"

namespace stcsim {

/// Where a parameter's value comes from.
enum class Provenance : std::uint8_t {
    measured,    ///< by a cited measurement
    published,   ///< by the vendor
    derived,     ///< by a formula from other values
    assumed,     ///< with a reason and what would settle it
    overridden,  ///< by the user (--set)
};

inline constexpr std::array<std::string_view, 5> provenance_names{"measured", "published", "derived", "assumed",
                                                                  "overridden"};

/// The name as written in descriptions, for instance "measured".
std::string_view name_of(Provenance provenance);

/// The provenance of the parameter at a dotted path, for instance "sm.tensor_core.dot_product_array.rows".
struct ParameterSource {
    std::string path;
    Provenance provenance;
    std::string source;  ///< citation, formula or reason
};

/// A complete GPU description.
struct GpuDescription {
    std::string name;
    std::string summary;
    GpuParameters parameters;
    std::vector<ParameterSource> sources;  ///< one per parameter, in declaration order
};

/// Reads a description by name ("a100-sxm4-40gb", searched in the description folders) or by path to a .toml file (any
/// text with a slash or ending in .toml). A description may extend another one and give only what differs.
/// Throws InputError (file, line, found, expected) for a missing file, bad TOML, unknown or missing keys, a value out
/// of range or of the wrong type, a missing provenance, or inconsistent parameters.
GpuDescription load_gpu_description(const std::string& name_or_path);

/// The sorted names in the description folders: $STCSIM_GPUS if set, the source tree's models/gpus when run from a
/// build tree, and the installed share/stcsim/gpus.
std::vector<std::string> available_gpus();

/// Applies one "path.to.parameter=value". Throws InputError; for an unknown path it lists near ones.
void apply_override(GpuDescription& gpu, std::string_view assignment);

/// The complete description in force as TOML; load_gpu_description reads it back to the same parameters.
std::string to_toml(const GpuDescription& gpu);

/// Throws InputError, naming both parameters, where two contradict each other. Loading calls it; whoever applies
/// overrides calls it after the last one, because two overrides may only make sense together.
void check_consistency(const GpuDescription& gpu);

}  // namespace stcsim
