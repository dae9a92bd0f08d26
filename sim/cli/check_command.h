/// `stcsim check`: whether a kernel's dump is what the hardware would have computed.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace stcsim {

/// Checks the dump and prints the verdict. Returns the exit status: 0 if D agrees, 1 if not. Throws InputError for bad
/// usage and for files that cannot be used.
int check_command(const std::vector<std::string>& arguments, const std::vector<std::string>& command_line,
                  std::ostream& out);

}  // namespace stcsim
