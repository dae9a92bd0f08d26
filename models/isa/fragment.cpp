#include "isa/fragment.h"

#include "base/error.h"

namespace stcsim {
namespace {

/// Rows of the 8 x 8 tiles that fragments are made of, and lanes that share one of their rows.
constexpr std::uint32_t tile_rows = 8;
constexpr std::uint32_t quad = 4;

/// The element in slot i of the `unit`-th register of a lane, or for f64 pair of registers.
MatrixCoordinate coordinate(Operand operand, const OperandShape& shape, std::uint32_t lane, std::uint32_t unit,
                            std::uint32_t i) {
    const std::uint32_t e = shape.elements_per_register();
    const std::uint32_t g = lane / quad;
    const std::uint32_t t = lane % quad;
    switch (operand) {
        case Operand::a: return {g + tile_rows * (unit % 2), t * e + i + quad * e * (unit / 2)};
        case Operand::b: return {t * e + i + quad * e * unit, g};
        case Operand::c:
        case Operand::d: break;
    }
    const std::uint32_t q = unit * e + i;
    return {g + tile_rows * (q / 2), 2 * t + q % 2};
}

/// A part of an element that lies in one register: all of it, or one of the two words of an f64.
struct RegisterPart {
    std::uint32_t register_number;
    std::uint32_t shift;          ///< of the part within the register
    std::uint32_t element_shift;  ///< of the part within the element
    std::uint32_t mask;           ///< bits of the part, at shift 0
};

/// Calls visit(lane, part, index in row-major storage) for each part of each element.
template <typename Visit>
void for_each_part(Operand operand, const OperandShape& shape, Visit visit) {
    const std::uint32_t e = shape.elements_per_register();
    const std::uint32_t parts = shape.registers_per_element();
    const std::uint32_t part_bits = bits_of(shape.type) / parts;
    const std::uint32_t mask = 0xFFFFFFFFU >> (32 - part_bits);
    for (std::uint32_t r = 0; r < shape.registers(); ++r) {
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            for (std::uint32_t i = 0; i < e; ++i) {
                const MatrixCoordinate at = coordinate(operand, shape, lane, r / parts, i);
                visit(lane, RegisterPart{r, part_bits * i, 32 * (r % parts), mask},
                      std::size_t{at.row} * shape.columns + at.column);
            }
        }
    }
}

}  // namespace

OperandShape operand_shape(const MmaInstruction& instruction, Operand operand) {
    const MmaShape& shape = instruction.shape;
    switch (operand) {
        case Operand::a: return {shape.m, instruction.stored_k(), instruction.a};
        case Operand::b: return {shape.k, shape.n, instruction.b};
        case Operand::c: return {shape.m, shape.n, instruction.c};
        case Operand::d: break;
    }
    return {shape.m, shape.n, instruction.d};
}

MatrixCoordinate coordinate_of(const MmaInstruction& instruction, Operand operand, const FragmentLocation& location) {
    const OperandShape shape = operand_shape(instruction, operand);
    STCSIM_ASSERT(location.lane.value() < warp_lanes && location.register_number < shape.registers() &&
                  location.slot < shape.elements_per_register());
    return coordinate(operand, shape, location.lane.value(), location.register_number / shape.registers_per_element(),
                      location.slot);
}

FragmentLocation location_of(const MmaInstruction& instruction, Operand operand, const MatrixCoordinate& at) {
    const OperandShape shape = operand_shape(instruction, operand);
    STCSIM_ASSERT(at.row < shape.rows && at.column < shape.columns);
    const std::uint32_t e = shape.elements_per_register();
    const std::uint32_t parts = shape.registers_per_element();
    if (operand == Operand::c || operand == Operand::d) {
        const std::uint32_t q = 2 * (at.row / tile_rows) + at.column % 2;
        return {LaneIndex(quad * (at.row % tile_rows) + at.column / 2), q / e * parts, q % e};
    }
    const bool is_a = operand == Operand::a;
    const std::uint32_t k = is_a ? at.column : at.row;
    const std::uint32_t across = is_a ? at.row : at.column;
    const std::uint32_t chunk = k / (quad * e);
    const std::uint32_t unit = is_a ? 2 * chunk + across / tile_rows : chunk;
    return {LaneIndex(quad * (across % tile_rows) + k / e % quad), unit * parts, k % e};
}

BitMatrix assemble_fragment(const MmaInstruction& instruction, Operand operand,
                            std::span<const WarpRegister> registers) {
    const OperandShape shape = operand_shape(instruction, operand);
    STCSIM_ASSERT(registers.size() == shape.registers());
    BitMatrix matrix(shape.rows, shape.columns, shape.type);
    for_each_part(operand, shape, [&](std::uint32_t lane, const RegisterPart& part, std::size_t index) {
        const std::uint32_t bits = registers[part.register_number][lane] >> part.shift & part.mask;
        matrix.storage[index] |= ElementBits{bits} << part.element_shift;
    });
    return matrix;
}

std::vector<WarpRegister> distribute_fragment(const MmaInstruction& instruction, Operand operand,
                                              const BitMatrix& matrix) {
    const OperandShape shape = operand_shape(instruction, operand);
    STCSIM_ASSERT(matrix.rows == shape.rows && matrix.columns == shape.columns);
    std::vector<WarpRegister> registers(shape.registers(), WarpRegister{});
    for_each_part(operand, shape, [&](std::uint32_t lane, const RegisterPart& part, std::size_t index) {
        const auto bits = static_cast<std::uint32_t>(matrix.storage[index] >> part.element_shift) & part.mask;
        registers[part.register_number][lane] |= bits << part.shift;
    });
    return registers;
}

}  // namespace stcsim
