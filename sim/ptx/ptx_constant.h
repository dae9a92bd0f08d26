/// Constant expressions: integers with the operators of C, or a single float.
#pragma once

#include <cstdint>
#include <optional>

#include "ptx/ptx_tokens.h"

namespace stcsim {

struct PtxConstant {
    std::uint64_t bits = 0;       ///< two's complement of an integer, or the bits of a float
    bool is_unsigned = false;     ///< an integer's type: u64 rather than s64
    std::optional<PtxType> type;  ///< of a float: f32 or f64
};

/// Whether the next token can begin a constant: a number, WARP_SZ, a parenthesis or a sign.
bool at_constant(const PtxTokens& tokens);

/// Takes a constant expression. Throws InputError for anything else, a division by zero, floats in arithmetic other
/// than a sign, and more than 64 levels of nesting.
PtxConstant parse_constant(PtxTokens& tokens);

/// The rest of an expression of which the operator `!` has been taken.
PtxConstant parse_constant_after_not(PtxTokens& tokens);

}  // namespace stcsim
