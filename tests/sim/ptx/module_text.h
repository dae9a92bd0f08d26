/// Parsed modules as text, for comparison, and their invariants.
#pragma once

#include <string>

#include "ptx/ptx_module.h"

namespace stcsim {

/// Everything that the module says apart from where it says it, one thing a line. Throws InvariantError if an operand
/// names something that is not there.
std::string text_of(const PtxModule& module);
std::string text_of(const PtxInstruction& instruction, const PtxKernel& kernel);

}  // namespace stcsim
