/// Warp instructions for scripted programs.
#pragma once

#include <map>

#include "isa/warp_instruction.h"

namespace stcsim::testing {

inline constexpr std::uint32_t all_lanes = 0xFFFFFFFF;

/// Lane l at l x stride. Lives as long as the program.
inline const LaneOffsets* strided_lanes(std::uint64_t stride) {
    static std::map<std::uint64_t, LaneOffsets> known;
    const auto [entry, is_new] = known.try_emplace(stride);
    if (is_new) {
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) entry->second[lane] = lane * stride;
    }
    return &entry->second;
}

/// Lane l accesses `bytes` at base + l x stride.
inline LaneAccess strided(std::uint64_t stride, std::uint8_t bytes, std::uint64_t base = 0,
                          std::uint32_t active = all_lanes) {
    return {.base = base, .offsets = strided_lanes(stride), .active = active, .bytes_per_lane = bytes};
}

inline WarpInstruction plain(OperationClass operation) {
    WarpInstruction instruction;
    instruction.operation = operation;
    return instruction;
}

/// An arithmetic operation that writes `destination` and reads `source`.
inline WarpInstruction arithmetic(RegisterRange destination, RegisterRange source = {}) {
    WarpInstruction instruction = plain(OperationClass::arithmetic);
    instruction.destination = destination;
    instruction.a = source;
    return instruction;
}

/// An operation that can issue once `source` is there, and writes nothing.
inline WarpInstruction use(RegisterRange source) {
    return arithmetic({}, source);
}

inline WarpInstruction clear(RegisterRange destination) {
    WarpInstruction instruction = plain(OperationClass::clear);
    instruction.destination = destination;
    return instruction;
}

inline WarpInstruction load_shared(RegisterRange destination, const LaneAccess& access) {
    WarpInstruction instruction = plain(OperationClass::load_shared);
    instruction.destination = destination;
    instruction.shared = access;
    return instruction;
}

inline WarpInstruction store_shared(RegisterRange data, const LaneAccess& access) {
    WarpInstruction instruction = plain(OperationClass::store_shared);
    instruction.a = data;
    instruction.shared = access;
    return instruction;
}

/// ldmatrix of as many matrices as `destination` has registers; their rows follow each other without gaps.
inline WarpInstruction load_matrix(RegisterRange destination, std::uint64_t base = 0) {
    WarpInstruction instruction = plain(OperationClass::load_matrix);
    instruction.destination = destination;
    instruction.shared = strided(16, 16, base, all_lanes >> (32 - 8 * destination.count));
    return instruction;
}

inline WarpInstruction load_global(RegisterRange destination, const LaneAccess& access) {
    WarpInstruction instruction = plain(OperationClass::load_global);
    instruction.destination = destination;
    instruction.global = access;
    return instruction;
}

inline WarpInstruction store_global(RegisterRange data, const LaneAccess& access) {
    WarpInstruction instruction = plain(OperationClass::store_global);
    instruction.a = data;
    instruction.global = access;
    return instruction;
}

inline WarpInstruction copy_async(const LaneAccess& shared, const LaneAccess& global) {
    WarpInstruction instruction = plain(OperationClass::copy_async);
    instruction.shared = shared;
    instruction.global = global;
    return instruction;
}

inline WarpInstruction commit_group() {
    return plain(OperationClass::commit_group);
}

inline WarpInstruction wait_group(std::uint8_t pending) {
    WarpInstruction instruction = plain(OperationClass::wait_group);
    instruction.pending_groups = pending;
    return instruction;
}

inline WarpInstruction barrier() {
    return plain(OperationClass::barrier);
}

/// D and C in `accumulator`, A and B (and E) from the registers given on.
inline WarpInstruction mma(const MmaInstruction& type, RegisterRange accumulator, std::uint8_t a, std::uint8_t b,
                           std::uint8_t e = 0) {
    WarpInstruction instruction = plain(OperationClass::mma);
    instruction.mma = &type;
    instruction.destination = accumulator;
    instruction.c = accumulator;
    instruction.a = {a, static_cast<std::uint8_t>(type.a_registers())};
    instruction.b = {b, static_cast<std::uint8_t>(type.b_registers())};
    instruction.e = {e, static_cast<std::uint8_t>(type.e_registers())};
    return instruction;
}

}  // namespace stcsim::testing
