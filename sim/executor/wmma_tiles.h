/// How the fragments of wmma lie in those of machine instructions.
///
/// PTX leaves open which lane holds what of a wmma fragment. Here a fragment is the fragments of the machine's mma one
/// after the other, tiles of 16 rows by tiles of 8 columns; of matrices with 8 rows that a machine instruction of 16
/// rows multiplies, only the registers of the upper half. Registers that PTX wants beyond these hold zero.
#pragma once

#include <cstdint>

#include "executor/decoded_instruction.h"
#include "executor/lanes.h"
#include "isa/fragment.h"
#include "isa/mma_instruction.h"

namespace stcsim {

inline constexpr std::uint16_t wmma_column_major = 16;  ///< in `variant`, beside the operand

/// A wmma as machine instructions.
struct WmmaTiles {
    static constexpr std::uint32_t tile_columns = 8;
    static constexpr std::uint32_t half_rows = 8;

    const MmaInstruction* machine;
    MmaShape shape;

    [[nodiscard]] bool half() const { return shape.m < machine->shape.m; }
    [[nodiscard]] std::uint32_t down() const { return half() ? 1 : shape.m / machine->shape.m; }
    [[nodiscard]] std::uint32_t across() const { return shape.n / tile_columns; }
    [[nodiscard]] std::uint32_t words() const { return machine->d == ElementType::f64 ? 2 : 1; }

    /// Machine registers (f64: pairs) of one tile of the operand.
    [[nodiscard]] std::uint32_t machine_registers(Operand operand) const {
        return operand_shape(*machine, operand).registers() / words();
    }
    /// Whether a machine register is kept: not if it holds the rows that are not there.
    [[nodiscard]] bool keeps(Operand operand, std::uint32_t r) const {
        if (!half() || operand == Operand::b) return true;
        return coordinate_of(*machine, operand, {LaneIndex(0), r * words(), 0}).row < half_rows;
    }
    [[nodiscard]] std::uint32_t registers_per_tile(Operand operand) const {
        std::uint32_t count = 0;
        for (std::uint32_t r = 0; r < machine_registers(operand); ++r) count += keeps(operand, r) ? 1 : 0;
        return count;
    }
    [[nodiscard]] std::uint32_t tiles(Operand operand) const {
        if (operand == Operand::a) return down();
        return operand == Operand::b ? across() : down() * across();
    }
    [[nodiscard]] std::uint32_t registers(Operand operand) const {
        return tiles(operand) * registers_per_tile(operand);
    }

    /// Calls visit(register of the fragment, machine register, tile).
    template <typename Visit>
    void for_each_register(Operand operand, Visit visit) const {
        std::uint32_t next = 0;
        for (std::uint32_t tile = 0; tile < tiles(operand); ++tile) {
            for (std::uint32_t r = 0; r < machine_registers(operand); ++r) {
                if (keeps(operand, r)) visit(next++, r, tile);
            }
        }
    }
    /// The element in a slot of a machine register of a tile, in the whole matrix.
    [[nodiscard]] MatrixCoordinate element(Operand operand, std::uint32_t tile, std::uint32_t lane, std::uint32_t r,
                                           std::uint32_t slot) const {
        MatrixCoordinate at = coordinate_of(*machine, operand, {LaneIndex(lane), r * words(), slot});
        if (operand == Operand::a) {
            at.row += tile * machine->shape.m;
        } else if (operand == Operand::b) {
            at.column += tile * tile_columns;
        } else {
            at.row += tile / across() * machine->shape.m;
            at.column += tile % across() * tile_columns;
        }
        return at;
    }
};

/// The shape travels in `immediate`.
inline std::uint32_t packed_shape(const MmaShape& shape) {
    return shape.m | shape.n << 8U | shape.k << 16U;
}
inline WmmaTiles wmma_tiles(const DecodedInstruction& i) {
    return {i.mma, {i.immediate & 0xFFU, i.immediate >> 8U & 0xFFU, i.immediate >> 16U}};
}

/// Where the elements of a lane's registers lie, relative to the matrix.
struct WmmaWalk {
    const DecodedInstruction& i;
    Operand operand;
    WmmaTiles tiles;
    std::uint32_t bits;    ///< of an element
    std::uint32_t chunk;   ///< elements that are moved at once: those of a register if they are smaller than a byte
    std::uint32_t chunks;  ///< per register

    explicit WmmaWalk(const DecodedInstruction& instruction)
        : i(instruction), operand(static_cast<Operand>(instruction.variant & 3U)), tiles(wmma_tiles(instruction)) {
        const OperandShape shape = operand_shape(*tiles.machine, operand);
        bits = bits_of(shape.type);
        chunk = bits < 8 ? shape.elements_per_register() : 1;
        chunks = shape.elements_per_register() / chunk;
    }
    [[nodiscard]] std::uint32_t bytes() const { return bits * chunk / 8; }

    /// Calls visit(fragment register, shift within it, lane, byte offset). `stride`: per lane, in elements.
    template <typename Visit>
    void operator()(const std::uint32_t* stride, std::uint32_t lanes, Visit visit) const {
        const bool columns = (i.variant & wmma_column_major) != 0;
        tiles.for_each_register(operand, [&](std::uint32_t number, std::uint32_t r, std::uint32_t tile) {
            for_each_lane(lanes, [&](std::uint32_t lane) {
                for (std::uint32_t part = 0; part < chunks; ++part) {
                    const MatrixCoordinate at = tiles.element(operand, tile, lane, r, part * chunk);
                    const std::uint64_t outer = columns ? at.column : at.row;
                    const std::uint64_t inner = columns ? at.row : at.column;
                    visit(number, part * chunk * bits, lane, (outer * stride[lane] + inner) * bits / 8);
                }
            });
        });
    }
};

}  // namespace stcsim
