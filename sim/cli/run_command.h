/// `stcsim run`.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/simulator.h"

namespace stcsim {

/// Runs the subcommand with the arguments after "run" and returns the exit status: 0, or 1 if a verification failed.
/// `command_line` goes into the provenance. Throws InputError for bad input, all of it before the first simulation
/// starts; what can only fail later (a disk that fills up) leaves no partial file.
int run_command(const std::vector<std::string>& arguments, const std::vector<std::string>& command_line,
                const Simulator& simulator, std::ostream& out, std::ostream& err);

}  // namespace stcsim
