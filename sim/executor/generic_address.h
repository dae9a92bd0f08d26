/// Generic addresses: windows for shared, local and param memory beside the host addresses of global memory.
///
/// Where the machine has its windows is not architectural. Ours lie above every host address of a 64-bit process (47
/// bits), and their low 32 bits are zero, so that cutting a generic shared address to 32 bits gives the shared one.
#pragma once

#include <cstdint>

#include "ptx/ptx_module.h"

namespace stcsim {

inline constexpr std::uint32_t window_bits = 48;
inline constexpr std::uint64_t shared_window = std::uint64_t{1} << window_bits;
inline constexpr std::uint64_t local_window = std::uint64_t{2} << window_bits;
inline constexpr std::uint64_t param_window = std::uint64_t{3} << window_bits;

/// The address of entry `function` of a module's functions: it can be kept, compared and called.
constexpr std::uint64_t function_address(std::uint32_t function) {
    return (std::uint64_t{4} << window_bits) + 16 * (std::uint64_t{function} + 1);
}

/// What is added to an address of the space to make it generic.
constexpr std::uint64_t window_of(PtxSpace space) {
    switch (space) {
        case PtxSpace::shared: return shared_window;
        case PtxSpace::local: return local_window;
        case PtxSpace::param: return param_window;
        default: return 0;
    }
}

/// The space a generic address lies in; global for constant memory too.
constexpr PtxSpace space_of(std::uint64_t generic) {
    switch (generic >> window_bits) {
        case 1: return PtxSpace::shared;
        case 2: return PtxSpace::local;
        case 3: return PtxSpace::param;
        default: return PtxSpace::global;
    }
}

}  // namespace stcsim
