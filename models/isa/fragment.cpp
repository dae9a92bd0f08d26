#include "isa/fragment.h"

#include "base/error.h"

namespace stcsim {
namespace {

/// Rows of the 8 x 8 tiles that fragments are made of, and lanes that share one of their rows.
constexpr std::uint32_t tile_rows = 8;
constexpr std::uint32_t quad = 4;

MatrixCoordinate coordinate(Operand operand, std::uint32_t e, std::uint32_t lane, std::uint32_t r, std::uint32_t i) {
    const std::uint32_t g = lane / quad;
    const std::uint32_t t = lane % quad;
    switch (operand) {
        case Operand::a: return {g + tile_rows * (r % 2), t * e + i + quad * e * (r / 2)};
        case Operand::b: return {t * e + i + quad * e * r, g};
        case Operand::c:
        case Operand::d: break;
    }
    const std::uint32_t q = r * e + i;
    return {g + tile_rows * (q / 2), 2 * t + q % 2};
}

/// Calls visit(lane, register, shift of the element in it, index in row-major storage) for each element.
template <typename Visit>
void for_each_element(Operand operand, const OperandShape& shape, Visit visit) {
    const std::uint32_t e = shape.elements_per_register();
    const std::uint32_t bits = bits_of(shape.type);
    for (std::uint32_t r = 0; r < shape.registers(); ++r) {
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            for (std::uint32_t i = 0; i < e; ++i) {
                const MatrixCoordinate at = coordinate(operand, e, lane, r, i);
                visit(lane, r, bits * i, std::size_t{at.row} * shape.columns + at.column);
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
    const std::uint32_t e = shape.elements_per_register();
    STCSIM_ASSERT(location.lane.value() < warp_lanes && location.register_number < shape.registers() &&
                  location.slot < e);
    return coordinate(operand, e, location.lane.value(), location.register_number, location.slot);
}

FragmentLocation location_of(const MmaInstruction& instruction, Operand operand, const MatrixCoordinate& at) {
    const OperandShape shape = operand_shape(instruction, operand);
    STCSIM_ASSERT(at.row < shape.rows && at.column < shape.columns);
    const std::uint32_t e = shape.elements_per_register();
    if (operand == Operand::c || operand == Operand::d) {
        const std::uint32_t q = 2 * (at.row / tile_rows) + at.column % 2;
        return {LaneIndex(quad * (at.row % tile_rows) + at.column / 2), q / e, q % e};
    }
    const bool is_a = operand == Operand::a;
    const std::uint32_t k = is_a ? at.column : at.row;
    const std::uint32_t across = is_a ? at.row : at.column;
    const std::uint32_t chunk = k / (quad * e);
    return {LaneIndex(quad * (across % tile_rows) + k / e % quad), is_a ? 2 * chunk + across / tile_rows : chunk,
            k % e};
}

BitMatrix assemble_fragment(const MmaInstruction& instruction, Operand operand,
                            std::span<const WarpRegister> registers) {
    const OperandShape shape = operand_shape(instruction, operand);
    STCSIM_ASSERT(registers.size() == shape.registers());
    const std::uint32_t mask = 0xFFFFFFFFU >> (32 - bits_of(shape.type));
    BitMatrix matrix(shape.rows, shape.columns, shape.type);
    for_each_element(operand, shape, [&](std::uint32_t lane, std::uint32_t r, std::uint32_t shift, std::size_t index) {
        matrix.storage[index] = registers[r][lane] >> shift & mask;
    });
    return matrix;
}

std::vector<WarpRegister> distribute_fragment(const MmaInstruction& instruction, Operand operand,
                                              const BitMatrix& matrix) {
    const OperandShape shape = operand_shape(instruction, operand);
    STCSIM_ASSERT(matrix.rows == shape.rows && matrix.columns == shape.columns);
    const std::uint32_t mask = 0xFFFFFFFFU >> (32 - bits_of(shape.type));
    std::vector<WarpRegister> registers(shape.registers(), WarpRegister{});
    for_each_element(operand, shape, [&](std::uint32_t lane, std::uint32_t r, std::uint32_t shift, std::size_t index) {
        registers[r][lane] |= static_cast<std::uint32_t>(matrix.storage[index] & mask) << shift;
    });
    return registers;
}

}  // namespace stcsim
