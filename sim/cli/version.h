/// The version of the program.
#pragma once

namespace stcsim {

/// As in the top CMakeLists.txt, for instance "0.1.0".
extern const char* const version;

}  // namespace stcsim
