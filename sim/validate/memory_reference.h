/// Published latencies and bandwidths of the memory as reference points.
#pragma once

#include <filesystem>
#include <vector>

#include "validate/reference_point.h"

namespace stcsim {

/// The points of a file in the columns of models/reference/memory_a100.csv, a range as its middle. Rows of what the
/// model does not have or what is no measurement are points without a prediction; where sources conflict, and in
/// bounds, the point has a caveat. Throws InputError, also for levels that are not known.
std::vector<ReferencePoint> read_memory_reference(const std::filesystem::path& file);

}  // namespace stcsim
