/// `stcsim mma`.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/simulator.h"

namespace stcsim {

/// Executes a batch of single instructions; the arguments are those after "mma". Throws InputError for bad input; the
/// file of D then does not appear.
void mma_command(const std::vector<std::string>& arguments, const Simulator& simulator, std::ostream& out,
                 std::ostream& err);

}  // namespace stcsim
