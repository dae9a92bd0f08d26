/// The PTX inside a running CUDA executable.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace stcsim {

/// The PTX for a GPU of this architecture (80: sm_80) that the pointer given to __cudaRegisterFatBinary leads to: one
/// text, or those of a program compiled in parts (nvcc -rdc=true), in no particular order. `program` is for messages.
/// Throws InputError, with the compiler's options that help, if there is none that can be used.
std::vector<std::string> embedded_ptx(const void* wrapper, std::uint32_t architecture, const std::string& program);

}  // namespace stcsim
