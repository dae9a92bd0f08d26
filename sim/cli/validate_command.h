/// `stcsim validate`: the model against measurements.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/simulator.h"

namespace stcsim {

/// Predicts every point of the reference files, writes the reports and prints the errors. Throws InputError for bad
/// options and bad files, before the first simulation starts.
void validate_command(const std::vector<std::string>& arguments, const Simulator& simulator, std::ostream& out,
                      std::ostream& err);

}  // namespace stcsim
