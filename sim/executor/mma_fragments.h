/// Fragments of an mma's operands as matrices, and sums as fragments again, registers at a time. Internal to the
/// executor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/units.h"
#include "isa/fragment.h"
#include "isa/mma_instruction.h"

namespace stcsim {

inline constexpr std::size_t most_mma_registers = 4;  ///< of any operand
inline constexpr std::size_t mma_columns = 8;         ///< of B, C and D

/// The lanes of an operand's registers.
using MmaRegisters = std::array<const std::uint32_t*, most_mma_registers>;

/// [register][lane]; of f64 lane l takes words 2 l and 2 l + 1 of a register's 64.
using MmaResult = std::array<std::array<std::uint32_t, 2 * warp_lanes>, most_mma_registers>;

/// Of each register and lane the position of its first element in row-major (B, unless floats: column-major) storage.
std::vector<std::uint16_t> fragment_positions(const MmaInstruction& instruction, Operand operand);
/// Whether the lanes of a group lie `step` elements apart, and with `by_rows` the groups one column apart.
bool in_groups(const std::vector<std::uint16_t>& positions, std::size_t step, bool by_rows);
/// Whether two registers of f32 hold 64 elements that follow each other, each lane two.
bool in_pairs(const std::vector<std::uint16_t>& positions);

/// Registers written to where their elements lie: those of a group of lanes are neighbours.
void gather(const MmaRegisters& registers, const std::vector<std::uint16_t>& positions, std::uint32_t bits,
            std::uint8_t* raw);
/// B of floats of 16 or 32 bits, by rows.
void gather_rows(const MmaRegisters& registers, const std::vector<std::uint16_t>& positions, std::uint32_t bits,
                 std::uint8_t* raw);
/// Addends, f32 (in_pairs) or f16, as floats; whether all are moderate (numerics/moderate_numbers.h).
bool addends(ElementType type, const MmaRegisters& c, const std::vector<std::uint16_t>& positions, float* sums);
/// The inverse, rounded.
void write_sums(ElementType type, const std::vector<std::uint16_t>& positions, const float* sums, MmaResult& d);

}  // namespace stcsim
