/// A GPU description: the parameters of a GPU, each with its provenance, read from TOML.
#pragma once

#include <filesystem>
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

/// Reads a description by name ("a100-sxm4-40gb", searched in the description folders) or by path to a .toml file.
/// Throws InputError (file, line, found, expected) for a missing file, bad TOML, unknown or missing keys, a value out
/// of range or of the wrong type, a missing provenance, or inconsistent parameters.
GpuDescription load_gpu_description(const std::string& name_or_path);

/// The names in the description folders: $STCSIM_GPUS if set, the source tree's models/gpus when run from a build tree,
/// and the installed share/stcsim/gpus.
std::vector<std::string> available_gpus();

/// Applies one "path.to.parameter=value". Throws InputError; for an unknown path it lists near ones.
void apply_override(GpuDescription& gpu, std::string_view assignment);

/// The complete description in force as TOML; load_gpu_description reads it back to the same parameters.
std::string to_toml(const GpuDescription& gpu);

/// Throws InputError where parameters contradict each other (called by load and after overrides).
void check_consistency(const GpuDescription& gpu);

}  // namespace stcsim
