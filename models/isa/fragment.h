/// Fragments: which lane holds which element of an mma's matrices, in which register.
///
/// With g = lane / 4, t = lane mod 4 and e = 32 / bits elements per register (slot i of a register is its i-th element
/// from the low bits):
///  - A register r holds row g + 8 (r mod 2), stored k = t e + i + 4 e (r div 2); mma.sp stores half of the logical k,
///    m8n8 shapes have r = 0 only;
///  - B register r holds column g, k = t e + i + 4 e r;
///  - C and D: element q = r e + i of a lane is row g + 8 (q div 2), column 2 t + q mod 2.
/// An f64 takes two consecutive registers, low word first: the rules hold with e = 1 and r counting pairs.
/// Source: PTX ISA, the fragment figures of mma.m8n8k4 to m16n8k256 and of mma.sp, of which this is the common rule.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/units.h"
#include "isa/mma_instruction.h"
#include "numerics/bit_matrix.h"

namespace stcsim {

/// A matrix operand. A is m x stored k, B is k x n, C and D are m x n.
enum class Operand : std::uint8_t { a, b, c, d };

/// One 32-bit register of all lanes of a warp.
using WarpRegister = std::array<std::uint32_t, warp_lanes>;

struct MatrixCoordinate {
    std::uint32_t row;
    std::uint32_t column;

    bool operator==(const MatrixCoordinate&) const = default;
};

/// Where a warp holds an element: slot 0 is the low bits of the register. Registers count from the operand's first; an
/// f64 is named by the register of its low word.
struct FragmentLocation {
    LaneIndex lane;
    std::uint32_t register_number;
    std::uint32_t slot;

    bool operator==(const FragmentLocation&) const = default;
};

/// Rows, columns and type of the operand as it lies in registers.
struct OperandShape {
    std::uint32_t rows;
    std::uint32_t columns;
    ElementType type;

    /// Elements that share a register; 1 for f64.
    [[nodiscard]] std::uint32_t elements_per_register() const { return bits_of(type) < 32 ? 32 / bits_of(type) : 1; }
    /// Registers an element takes: 2 for f64, else 1.
    [[nodiscard]] std::uint32_t registers_per_element() const { return bits_of(type) > 32 ? bits_of(type) / 32 : 1; }
    /// 32-bit registers of each lane.
    [[nodiscard]] std::uint32_t registers() const { return rows * columns * bits_of(type) / 1024; }
};

OperandShape operand_shape(const MmaInstruction& instruction, Operand operand);

/// The element at this location, which must be within the operand's registers. Both registers of an f64 give it.
MatrixCoordinate coordinate_of(const MmaInstruction& instruction, Operand operand, const FragmentLocation& location);

/// Where this element lies; the inverse of coordinate_of (of f64: the register of the low word).
FragmentLocation location_of(const MmaInstruction& instruction, Operand operand, const MatrixCoordinate& coordinate);

/// The matrix a warp holds in `registers`, of which there are operand_shape().registers() or an invariant breaks.
BitMatrix assemble_fragment(const MmaInstruction& instruction, Operand operand,
                            std::span<const WarpRegister> registers);

/// The registers that hold `matrix`; the inverse of assemble_fragment. The matrix has the operand's rows and columns.
std::vector<WarpRegister> distribute_fragment(const MmaInstruction& instruction, Operand operand,
                                              const BitMatrix& matrix);

}  // namespace stcsim
