/// Initial values of variables.
#pragma once

#include <cstdint>
#include <vector>

#include "ptx/ptx_constant.h"
#include "ptx/ptx_module.h"
#include "ptx/ptx_names.h"
#include "ptx/ptx_tokens.h"

namespace stcsim {

/// Takes an initial value and puts it into `variable`, of which everything else is known: a number, a string, the
/// address of a variable, or values in braces, nested as the bounds are or flat. The first bound may be 0: the values
/// then say how many there are, and the variable gets its bytes. The address of a function is left zero: nothing calls
/// through it. Throws InputError for values that do not fit.
void parse_initialiser(PtxTokens& tokens, const PtxNames& names, const std::vector<std::uint64_t>& bounds,
                       PtxVariable& variable);

}  // namespace stcsim
