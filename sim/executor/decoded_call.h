/// Functions of a kernel's text, and calls of them.
///
/// The registers of a function exist once per warp: lanes of a warp may be in different functions, or at different
/// depths of one that recurses, because a call of such a function saves its lanes' registers and their return restores
/// them. Variables lie in a frame of the thread's local memory that each call puts behind its caller's; their addresses
/// are registers that the call writes.
#pragma once

#include <cstdint>
#include <vector>

#include "base/units.h"
#include "executor/decoded_instruction.h"

namespace stcsim {

/// A parameter or result as the caller names it.
struct ActualValue {
    OperandPlace place;  ///< of the value, or of its variable's address in local memory
    bool in_memory = false;
    bool wide = true;  ///< a value of 64 bits
    std::uint64_t bytes = 0;
};

/// A parameter or result as the function declares it.
struct FormalValue {
    OperandPlace place;  ///< of a register
    bool in_memory = false;
    bool wide = false;
    std::uint64_t bytes = 0;
    std::uint64_t offset = 0;                           ///< in the function's frame
    std::uint32_t kernel_register = ~std::uint32_t{0};  ///< of a register
};

struct DecodedCall {
    static constexpr std::uint32_t through_register = ~0U;
    std::uint32_t function = through_register;  ///< entry of DecodedKernel::functions()
    OperandPlace address;                       ///< through a register
    std::vector<ActualValue> results;
    std::vector<ActualValue> arguments;
};

/// The address of a variable of a frame, in registers of the warp.
struct FrameAddress {
    std::uint32_t place = 0;
    bool wide = false;
    std::int64_t offset = 0;  ///< from the frame's begin
};

struct DecodedFunction {
    std::uint64_t address = 0;  ///< what a call through a register knows it by
    std::uint32_t first = 0;    ///< instruction
    std::uint32_t end = 0;
    std::uint64_t frame_bytes = 0;
    std::vector<FormalValue> parameters;
    std::vector<FormalValue> results;
    std::vector<FrameAddress> frame_addresses;
    bool recursive = false;
    /// Its registers: kernel registers, words of the warp's registers, predicates; each [first, end).
    std::uint32_t first_register = 0, end_register = 0;
    std::uint32_t first_word = 0, end_word = 0;
    std::uint32_t first_predicate = 0, end_predicate = 0;
};

inline constexpr std::uint64_t frame_alignment = 16;

/// What a call of the function takes of local memory.
inline std::uint64_t frame_size(const DecodedFunction& function) {
    return round_up(function.frame_bytes, frame_alignment);
}

}  // namespace stcsim
