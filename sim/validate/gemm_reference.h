/// Measured GEMMs as reference points.
#pragma once

#include <filesystem>
#include <vector>

#include "validate/reference_point.h"

namespace stcsim {

/// The points of a file in the columns of models/reference/gemm_a100_pcie80.csv: for each row the time of the dense and
/// of the 2:4 product, where they were measured. Throws InputError.
std::vector<ReferencePoint> read_gemm_reference(const std::filesystem::path& file);

}  // namespace stcsim
