/// Names of the CUDA runtime's errors.
#pragma once

#include <cstdint>

#include "cuda/runtime_types.h"

namespace stcsim {

/// The name of an error as programs spell it: "cudaErrorInvalidValue"; "unrecognized error code" for other numbers.
const char* cuda_error_name(std::int32_t number);

/// A sentence for people; the name for errors that the stand-in never returns.
const char* cuda_error_text(std::int32_t number);

}  // namespace stcsim
