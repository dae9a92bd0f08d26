/// The program `stcsim` without its main().
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/simulator.h"

namespace stcsim {

/// Runs the program with the command line `arguments` (the program's name first), results to `out`, progress and
/// diagnostics to `err`. The one place where exceptions become exit statuses: 0 success, 1 a verification failed, 2 bad
/// usage or bad input, 3 an internal error.
int run_command_line(const std::vector<std::string>& arguments, const Simulator& simulator, std::ostream& out,
                     std::ostream& err) noexcept;

}  // namespace stcsim
