/// Words of the language that name types, state spaces and special registers.
#pragma once

#include <optional>
#include <string_view>

#include "ptx/ptx_module.h"

namespace stcsim {

/// "u32", without a dot; nothing if there is no such type.
std::optional<PtxType> ptx_type_of(std::string_view word);
std::string_view name_of(PtxType type);

/// "shared", without a dot; generic has no word.
std::optional<PtxSpace> ptx_space_of(std::string_view word);

/// "%tid" with the component "x", "%laneid" with none; `unsupported` for those that kernels for sm_80 hardly use, or
/// cannot (clusters); nothing if there is no such register.
std::optional<PtxSpecialRegister> special_register_of(std::string_view word, std::string_view component);
/// "%tid.x", "%laneid"; "unsupported".
std::string_view name_of(PtxSpecialRegister reg);

}  // namespace stcsim
