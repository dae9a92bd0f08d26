#include "executor/mma_fragments.h"

#include <bit>
#include <cstring>

#include "numerics/float_format.h"
#include "numerics/moderate_numbers.h"
#include "numerics/vector_fused_dot.h"

namespace stcsim {
namespace {

/// Lanes 4 g to 4 g + 3 hold neighbours of one row of A, of one column of B (PTX ISA, the fragments of mma).
constexpr std::size_t group_lanes = 4;

/// B of floats, by rows: a lane of each group has elements of the same rows, one register's one below the other.
template <typename Raw>
void gather_rows_of(const MmaRegisters& registers, const std::vector<std::uint16_t>& places, Raw* raw) {
    const std::uint16_t* place = places.data();
    for (std::size_t r = 0; r < places.size() / warp_lanes; ++r, place += warp_lanes) {
        const std::uint32_t* const words = registers[r];
        for (std::size_t lane = 0; lane < group_lanes; ++lane) {
            Raw* const row = raw + place[lane];
            for (std::size_t column = 0; column < mma_columns; ++column) {
                const std::uint32_t word = words[column * group_lanes + lane];
                row[column] = static_cast<Raw>(word);
                if constexpr (sizeof(Raw) == 2) row[column + mma_columns] = static_cast<Raw>(word >> 16U);
            }
        }
    }
}

/// Whether 32 words of f32 are all moderate addends.
bool are_moderate(const std::uint32_t* words) {
    std::int32_t wild = 0;
    for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
        const auto magnitude = static_cast<std::int32_t>(words[lane] & 0x7FFFFFFFU);
        const std::int32_t exponent = (magnitude >> 23) - 127;
        const bool far = exponent > moderate_addend_exponent || exponent < -moderate_addend_exponent;
        wild |= far && magnitude != 0 ? -1 : 0;
    }
    return wild == 0;
}

}  // namespace

std::vector<std::uint16_t> fragment_positions(const MmaInstruction& instruction, Operand operand) {
    const bool by_columns = operand == Operand::b && !is_float(instruction.b);
    const OperandShape shape = operand_shape(instruction, operand);
    std::vector<std::uint16_t> result;
    for (std::uint32_t r = 0; r < shape.registers(); r += shape.registers_per_element()) {
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            const MatrixCoordinate at = coordinate_of(instruction, operand, {LaneIndex(lane), r, 0});
            const std::uint32_t position =
                by_columns ? at.column * shape.rows + at.row : at.row * shape.columns + at.column;
            result.push_back(static_cast<std::uint16_t>(position));
        }
    }
    return result;
}

bool in_groups(const std::vector<std::uint16_t>& places, std::size_t step, bool by_rows) {
    for (std::size_t i = 0; i < places.size(); ++i) {
        const std::size_t lane = i % warp_lanes;
        const std::size_t first = by_rows ? i - lane : i - lane % group_lanes;
        const std::size_t group = by_rows ? lane / group_lanes : 0;
        if (places[i] != places[first] + lane % group_lanes * step + group) return false;
    }
    return true;
}

bool in_pairs(const std::vector<std::uint16_t>& places) {
    for (std::size_t i = 0; i < places.size(); ++i) {
        const std::size_t r = i / warp_lanes;
        if (places[i] != r / 2 * 2 * warp_lanes + 2 * (i % warp_lanes) + r % 2) return false;
    }
    return true;
}

void gather(const MmaRegisters& registers, const std::vector<std::uint16_t>& places, std::uint32_t bits,
            std::uint8_t* raw) {
    const std::uint16_t* place = places.data();
    for (std::size_t r = 0; r < places.size() / warp_lanes; ++r, place += warp_lanes) {
        for (std::size_t lane = 0; lane < warp_lanes; lane += group_lanes) {
            std::memcpy(raw + std::size_t{place[lane]} * bits / 8, registers[r] + lane,
                        group_lanes * sizeof(std::uint32_t));
        }
    }
}

void gather_rows(const MmaRegisters& registers, const std::vector<std::uint16_t>& positions, std::uint32_t bits,
                 std::uint8_t* raw) {
    if (bits == 16) return gather_rows_of(registers, positions, reinterpret_cast<std::uint16_t*>(raw));
    gather_rows_of(registers, positions, reinterpret_cast<std::uint32_t*>(raw));
}

bool addends(ElementType type, const MmaRegisters& c, const std::vector<std::uint16_t>& places, float* sums) {
    bool moderate = true;
    const std::size_t registers = places.size() / warp_lanes;
    if (type == ElementType::f32) {
        for (std::size_t r = 0; r < registers; r += 2, sums += 2 * warp_lanes) {
            moderate = moderate && are_moderate(c[r]) && are_moderate(c[r + 1]);
            for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
                sums[2 * lane] = std::bit_cast<float>(c[r][lane]);
                sums[2 * lane + 1] = std::bit_cast<float>(c[r + 1][lane]);
            }
        }
        return moderate;
    }
    const std::uint16_t* place = places.data();
    for (std::size_t r = 0; r < registers; ++r, place += warp_lanes) {
        const std::uint32_t* const words = c[r];
        for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
            const std::uint32_t word = words[lane];
            moderate = moderate && is_moderate<ElementType::f16>(word & 0xFFFFU, 0) &&
                       is_moderate<ElementType::f16>(word >> 16U, 0);
            sums[place[lane]] = moderate_value<ElementType::f16>(word & 0xFFFFU);
            sums[place[lane] + 1U] = moderate_value<ElementType::f16>(word >> 16U);
        }
    }
    return moderate;
}

void write_sums(ElementType type, const std::vector<std::uint16_t>& places, const float* sums, MmaResult& d) {
    const std::size_t registers = places.size() / warp_lanes;
    if (type == ElementType::f32) {
        for (std::size_t r = 0; r < registers; r += 2, sums += 2 * warp_lanes) {
            for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
                d[r][lane] = std::bit_cast<std::uint32_t>(sums[2 * lane]);
                d[r + 1][lane] = std::bit_cast<std::uint32_t>(sums[2 * lane + 1]);
            }
        }
        return;
    }
    const std::uint16_t* place = places.data();
    for (std::size_t r = 0; r < registers; ++r, place += warp_lanes) {
        for (std::size_t lane = 0; lane < warp_lanes; ++lane) {
            const float* sum = sums + place[lane];
            d[r][lane] = static_cast<std::uint32_t>(bits_of_sum<ElementType::f16>(sum[0]) |
                                                    bits_of_sum<ElementType::f16>(sum[1]) << 16U);
        }
    }
}

}  // namespace stcsim
