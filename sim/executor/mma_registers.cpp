#include "executor/mma_registers.h"

#include <algorithm>

#include "base/error.h"
#include "executor/warp_state.h"
#include "executor/wmma_tiles.h"

namespace stcsim {
namespace {

/// An mma is a wmma of one tile.
WmmaTiles tiles_of(const DecodedInstruction& instruction) {
    STCSIM_ASSERT(instruction.unit == ExecutionUnit::mma);
    if (instruction.ptx->opcode == "wmma") return wmma_tiles(instruction);
    return {instruction.mma, instruction.mma->shape};
}

/// One machine register of a 32-bit or, in word `word`, 64-bit register of the executor.
WarpRegister word_of(const std::uint32_t* lanes, std::uint32_t words, std::uint32_t word) {
    WarpRegister result;
    for (std::size_t lane = 0; lane < warp_lanes; ++lane) result[lane] = lanes[words * lane + word];
    return result;
}

/// The tile of an operand that goes with this tile of D.
std::uint32_t tile_of(const WmmaTiles& tiles, Operand operand, std::uint32_t tile) {
    if (operand == Operand::a) return tile / tiles.across();
    return operand == Operand::b ? tile % tiles.across() : tile;
}

/// Where the operand's registers begin in the list of the instruction: D, A, B, C.
std::size_t first_of(const WmmaTiles& tiles, Operand operand) {
    std::size_t first = 0;
    for (const Operand before : {Operand::d, Operand::a, Operand::b, Operand::c}) {
        if (before == operand) break;
        first += tiles.registers(before);
    }
    return first;
}

/// Of a tile's machine registers those that the instruction names and keeps.
std::vector<std::optional<WarpRegister>> registers_of(const WarpState& warp, const DecodedInstruction& instruction,
                                                      Operand operand, std::uint32_t tile) {
    const WmmaTiles tiles = tiles_of(instruction);
    const std::uint32_t words = tiles.words();
    const std::size_t first = first_of(tiles, operand);
    const std::uint32_t wanted = tile_of(tiles, operand, tile);
    std::vector<std::optional<WarpRegister>> result(tiles.machine_registers(operand) * words);
    tiles.for_each_register(operand, [&](std::uint32_t number, std::uint32_t r, std::uint32_t of_tile) {
        const OperandPlace place = instruction.list[first + number];
        if (of_tile != wanted || !place.present()) return;
        for (std::uint32_t word = 0; word < words; ++word) {
            result[r * words + word] = word_of(warp.source(place), words, word);
        }
    });
    return result;
}

}  // namespace

MmaSourceRegisters mma_sources(WarpExecution& warp, const DecodedInstruction& instruction, std::uint32_t tile) {
    const auto operand = [&](Operand which) {
        std::vector<WarpRegister> registers;
        for (const auto& one : registers_of(warp.state(), instruction, which, tile)) {
            registers.push_back(one.value_or(WarpRegister{}));
        }
        return registers;
    };
    MmaSourceRegisters sources{operand(Operand::a), operand(Operand::b), operand(Operand::c), {}};
    if (instruction.mma->sparse) sources.e = {word_of(warp.state().source(instruction.list.back()), 1, 0)};
    return sources;
}

std::vector<std::optional<WarpRegister>> mma_result(WarpExecution& warp, const DecodedInstruction& instruction,
                                                    std::uint32_t tile) {
    return registers_of(warp.state(), instruction, Operand::d, tile);
}

MatrixCoordinate mma_result_element(const DecodedInstruction& instruction, std::uint32_t tile,
                                    const FragmentLocation& location) {
    const WmmaTiles tiles = tiles_of(instruction);
    return tiles.element(Operand::d, tile, location.lane.value(), location.register_number / tiles.words(),
                         location.slot);
}

}  // namespace stcsim
