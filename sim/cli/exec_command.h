/// `stcsim exec`.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/simulator.h"

namespace stcsim {

/// Runs a CUDA program, or one kernel of a PTX file; the arguments are those after "exec". What the program prints is
/// its own; the table of launches goes to `err`. Returns the program's exit status; 1 if a kernel's mistake ended it; 2
/// if something in it cannot be simulated; 128 + N if signal N ended it. Throws InputError for bad input.
int exec_command(const std::vector<std::string>& arguments, const std::vector<std::string>& command_line,
                 const Simulator& simulator, std::ostream& out, std::ostream& err);

}  // namespace stcsim
