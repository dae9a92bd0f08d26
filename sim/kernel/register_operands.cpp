#include "kernel/register_operands.h"

#include <array>
#include <cstring>

#include "numerics/output_conversion.h"

namespace stcsim {

std::uint32_t RegisterOperands::element(std::uint64_t address) const {
    std::uint32_t value = 0;
    std::array<std::byte, sizeof value> bytes{};
    const std::size_t width = bits_of(plan_.problem().input) / 8;
    memory_.read(address, std::span(bytes).first(width));
    std::memcpy(&value, bytes.data(), width);
    return value;
}

BitMatrix RegisterOperands::a_matrix(const TileCoordinate& tile, std::uint64_t k,
                                     const FragmentPosition& fragment) const {
    const MmaInstruction& mma = plan_.instruction();
    const std::uint64_t width = bits_of(plan_.problem().input) / 8;
    const std::uint64_t first_row = tile.row * plan_.kernel().tile_m + fragment.row;
    const std::uint64_t first = plan_.sparse() ? k / 2 : k;
    const std::uint64_t stored = plan_.a_row_bytes() / width;
    BitMatrix matrix(mma.shape.m, mma.stored_k(), mma.a);
    for (std::size_t row = 0; row < matrix.rows && first_row + row < plan_.rows(); ++row) {
        for (std::size_t i = 0; i < matrix.columns && first + i < stored; ++i) {
            matrix.at(row, i) = element(plan_.addresses().a + tile.batch * plan_.a_bytes() +
                                        (first_row + row) * plan_.a_row_bytes() + (first + i) * width);
        }
    }
    return matrix;
}

BitMatrix RegisterOperands::b_matrix(const TileCoordinate& tile, std::uint64_t k,
                                     const FragmentPosition& fragment) const {
    const MmaInstruction& mma = plan_.instruction();
    const std::uint64_t width = bits_of(plan_.problem().input) / 8;
    const std::uint64_t first_column = tile.column * plan_.kernel().tile_n + fragment.column;
    BitMatrix matrix(mma.shape.k, mma.shape.n, mma.b);
    for (std::size_t column = 0; column < matrix.columns && first_column + column < plan_.columns(); ++column) {
        for (std::size_t i = 0; i < matrix.rows && k + i < plan_.problem().k; ++i) {
            matrix.at(i, column) = element(plan_.addresses().b + tile.batch * plan_.b_bytes() +
                                           (first_column + column) * plan_.b_row_bytes() + (k + i) * width);
        }
    }
    return matrix;
}

WarpRegister RegisterOperands::metadata(const TileCoordinate& tile, std::uint64_t k_tile,
                                        const FragmentPosition& fragment) const {
    const std::uint64_t k_blocks = plan_.k_tiles() * plan_.k_groups();
    const std::uint64_t row_block = (tile.row * plan_.kernel().tile_m + fragment.row) / plan_.e_block_rows();
    const std::uint64_t block = row_block * k_blocks + k_tile * plan_.k_groups() + fragment.group;
    WarpRegister words{};
    memory_.read(plan_.addresses().e + tile.batch * plan_.e_bytes() + block * sizeof words,
                 std::as_writable_bytes(std::span(words)));
    return words;
}

ProvidedOperands RegisterOperands::operands_of(const TileCoordinate& tile, std::uint64_t k_tile,
                                               const FragmentPosition& fragment) const {
    const MmaInstruction& mma = plan_.instruction();
    const std::uint64_t k = k_tile * plan_.tile_k() + std::uint64_t{fragment.group} * mma.shape.k;
    ProvidedOperands operands;
    operands.a = distribute_fragment(mma, Operand::a, a_matrix(tile, k, fragment));
    operands.b = distribute_fragment(mma, Operand::b, b_matrix(tile, k, fragment));
    if (mma.sparse) operands.e = {metadata(tile, k_tile, fragment)};
    return operands;
}

void RegisterOperands::store_result(const TileCoordinate& tile, const FragmentPosition& origin,
                                    std::span<const WarpRegister> registers) {
    const MmaInstruction& mma = plan_.instruction();
    const GemmProblem& problem = plan_.problem();
    const std::uint32_t n_tiles = plan_.kernel().warp_n / mma.shape.n;
    const std::uint32_t m_tiles = plan_.kernel().warp_m / mma.shape.m;
    for (std::uint32_t index = 0; index < m_tiles * n_tiles; ++index) {
        const std::uint64_t first_row = tile.row * plan_.kernel().tile_m + origin.row + index / n_tiles * mma.shape.m;
        const std::uint64_t first_column =
            tile.column * plan_.kernel().tile_n + origin.column + index % n_tiles * mma.shape.n;
        const BitMatrix d = assemble_fragment(
            mma, Operand::d, registers.subspan(std::size_t{index} * mma.d_registers(), mma.d_registers()));
        for (std::size_t row = 0; row < d.rows && first_row + row < plan_.rows(); ++row) {
            for (std::size_t column = 0; column < d.columns && first_column + column < plan_.columns(); ++column) {
                const std::uint32_t value = stored_element(problem.accumulator, problem.output, d.at(row, column));
                const auto bytes = std::as_bytes(std::span(&value, 1)).first(plan_.output_bytes());
                memory_.write(plan_.addresses().d + tile.batch * plan_.d_bytes() +
                                  plan_.d_offset(first_row + row, first_column + column),
                              bytes);
            }
        }
    }
}

}  // namespace stcsim
