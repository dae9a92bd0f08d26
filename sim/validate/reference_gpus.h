/// The GPUs that measurements name.
#pragma once

#include <string>
#include <string_view>

#include "validate/reference_table.h"

namespace stcsim {

/// The description of the GPU that the row's column 'gpu' names. Throws InputError for one that is not known.
std::string described_gpu(const ReferenceRow& row);

}  // namespace stcsim
