/// `stcsim sparsify`: structured sparsity of matrices in .npy files.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace stcsim {

/// Runs the subcommand with the arguments after "sparsify" and returns the exit status: 0, or 1 if `check` found
/// violations. Throws InputError for bad usage and bad files; output files appear together or not at all.
int sparsify_command(const std::vector<std::string>& arguments, std::ostream& out);

}  // namespace stcsim
