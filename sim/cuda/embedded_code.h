/// The PTX inside a running CUDA executable.
#pragma once

#include <cstdint>
#include <string>

namespace stcsim {

/// The PTX for a GPU of this architecture (80: sm_80) that the pointer given to __cudaRegisterFatBinary leads to.
/// `program` is for messages. Throws InputError, with the compiler's options that help, if there is none that can be
/// used.
std::string embedded_ptx(const void* wrapper, std::uint32_t architecture, const std::string& program);

}  // namespace stcsim
