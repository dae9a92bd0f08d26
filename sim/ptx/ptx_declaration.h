/// Declarations of variables and parameters.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "ptx/ptx_module.h"
#include "ptx/ptx_names.h"
#include "ptx/ptx_tokens.h"

namespace stcsim {

/// What stands between a state space and the name: `.align 16 .v4 .b32`.
struct PtxTypeClause {
    PtxType type = PtxType::b32;
    std::uint32_t components = 1;  ///< of `.v2`, `.v4`
    std::uint32_t alignment = 0;   ///< as given, or that of the whole vector
};

/// Takes the clause. Throws InputError for a type that does not exist, or an alignment that is no power of two.
PtxTypeClause parse_type_clause(PtxTokens& tokens);

/// Takes the name and the array bounds of one variable; `[]` is left at 0 bytes.
PtxVariable parse_declarator(PtxTokens& tokens, PtxSpace space, const PtxTypeClause& clause);

/// Keeps a variable where its address stays the same.
using PtxVariableStore = std::function<PtxVariable&(PtxVariable&&)>;

/// Takes what follows a state space's word, up to the semicolon: one or more variables, with initial values if the
/// space is global or constant. They are declared in `names`; one that was external before gets its definition.
void parse_variables(PtxTokens& tokens, PtxNames& names, PtxSpace space, bool external, const PtxVariableStore& store);

/// Throws InputError: the token's name has been declared in this scope before.
[[noreturn]] void fail_twice(const PtxTokens& tokens, const PtxToken& name);

}  // namespace stcsim
