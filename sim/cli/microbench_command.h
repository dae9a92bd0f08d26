/// `stcsim microbench`: latency and throughput of single instructions.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace stcsim {

/// Measures, writes the CSV if asked to, and prints the table. Throws InputError for bad options.
void microbench_command(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace stcsim
