/// Validations as tables for people.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "validate/validation.h"

namespace stcsim {

/// Per set: the errors by type and figure, the `worst` points of each with the largest errors, and what was left out
/// and why.
std::string validation_table(std::span<const ValidatedPoint> points, std::size_t worst);

}  // namespace stcsim
