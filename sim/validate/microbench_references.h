/// Published microbenchmarks as reference points.
#pragma once

#include <filesystem>
#include <vector>

#include "validate/reference_point.h"

namespace stcsim {

/// The points of a file in the columns of models/reference/mma_a100.csv: completion latency, and throughput with 4 and
/// 8 warps. Loads that a row leaves open are those of its source for instructions of its kind. Throws InputError.
std::vector<ReferencePoint> read_instruction_reference(const std::filesystem::path& file);

/// The points of a file in the columns of models/reference/shared_memory_a100.csv: completion latency and, where a load
/// is given, throughput. Throws InputError.
std::vector<ReferencePoint> read_shared_memory_reference(const std::filesystem::path& file);

}  // namespace stcsim
