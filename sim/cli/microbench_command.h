/// `stcsim microbench`: latency and throughput of single instructions.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/simulator.h"

namespace stcsim {

/// Measures, writes the CSV if asked to, and prints the table. Throws InputError for bad options.
void microbench_command(const std::vector<std::string>& arguments, const Simulator& simulator, std::ostream& out,
                        std::ostream& err);

}  // namespace stcsim
