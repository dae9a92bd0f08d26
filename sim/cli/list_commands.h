/// `stcsim gpus`, `stcsim kernels` and `stcsim instructions`: what is available.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace stcsim {

/// Prints the GPU descriptions that are found, with their summaries. Throws InputError for bad arguments and for a
/// description that cannot be read.
void gpus_command(const std::vector<std::string>& arguments, std::ostream& out);

/// Prints the GEMM kernels that --kernel takes by name. Throws InputError for bad arguments.
void kernels_command(const std::vector<std::string>& arguments, std::ostream& out);

/// Prints the mma and mma.sp instructions with their registers and what a GPU's dot-product array makes of them. Throws
/// InputError for bad arguments.
void instructions_command(const std::vector<std::string>& arguments, std::ostream& out);

}  // namespace stcsim
