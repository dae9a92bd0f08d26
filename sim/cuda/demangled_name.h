/// Names of kernels as people write them.
#pragma once

#include <string>

namespace stcsim {

/// The C++ name behind a symbol; of one of several thousand characters at least the outermost names. The symbol itself
/// if it is none.
std::string demangled(const std::string& symbol);

}  // namespace stcsim
