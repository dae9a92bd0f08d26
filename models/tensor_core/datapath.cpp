#include "tensor_core/datapath.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "isa/fragment.h"
#include "isa/metadata_fragment.h"
#include "numerics/dot_add.h"
#include "numerics/float_format.h"
#include "numerics/sparse_pattern.h"

namespace stcsim {

namespace {

/// Stored elements whose products one call of the numerics sums: those of a pass where each pass rounds; all of them
/// where sums are exact until the end of the instruction, and for f64, whose chain the numerics know.
std::size_t summed_together(const MmaInstruction& instruction) {
    return is_float(instruction.a) ? instruction.pass_length() : instruction.stored_k();
}

std::uint32_t cycles_per_step(const DotProductArrayParameters& parameters, ElementType accumulator) {
    return accumulator == ElementType::f32 ? parameters.f32_accumulation_cycles : 1U;
}

}  // namespace

ArraySchedule array_schedule(const MmaInstruction& instruction, const DotProductArrayParameters& parameters) {
    const std::uint32_t passes = instruction.passes();
    const auto schedule_of = [&](std::uint32_t steps) {
        return ArraySchedule{
            .steps = steps,
            .interval = std::max(steps, static_cast<std::uint32_t>(parameters.minimum_interval.value())),
            .steps_per_pass = ceil_divide(steps, passes),
            .passes = passes};
    };
    if (instruction.a == ElementType::f64) {
        const auto products = static_cast<double>(instruction.fused_multiply_adds());
        return schedule_of(static_cast<std::uint32_t>(std::ceil(products / parameters.f64_multiply_adds)));
    }
    const std::uint32_t lanes = std::max(1U, parameters.unit_bits / bits_of(instruction.a));
    const std::uint32_t tiles =
        ceil_divide(instruction.shape.m, parameters.rows) * ceil_divide(instruction.shape.n, parameters.columns);
    return schedule_of(tiles * ceil_divide(instruction.stored_k(), lanes) * cycles_per_step(parameters, instruction.d));
}

double dense_multiply_adds_per_cycle(const DotProductArrayParameters& parameters, ElementType input,
                                     ElementType accumulator) {
    if (input == ElementType::f64) return parameters.f64_multiply_adds;
    const std::uint32_t cycles = cycles_per_step(parameters, accumulator);
    return double{1} * parameters.rows * parameters.columns * parameters.unit_bits / bits_of(input) / cycles;
}

Cycle selection_cycles(const MmaInstruction& instruction, const InputSelectorParameters& parameters) {
    const std::uint32_t group = 4;
    const std::uint32_t turns = ceil_divide(group, std::min(group, parameters.mux_width));
    const std::uint32_t selections =
        instruction.shape.m * instruction.shape.n * instruction.stored_k() * bits_of(instruction.a) / 16;
    return Cycle(ceil_divide(selections * turns, parameters.selections_per_cycle));
}

std::vector<std::uint8_t> decode_select_lines(const MmaInstruction& instruction, const std::vector<LaneValues>& e,
                                              std::uint8_t selector) {
    STCSIM_ASSERT(e.size() == 1);
    if (const auto violation = find_metadata_violation(instruction, e.front(), selector, instruction.metadata_order)) {
        throw InputError(
            {},
            fmt::format("illegal metadata for row {}, group {} of {} (lane {}, nibble {:#x})", violation->row,
                        violation->group, instruction.name(), violation->lane.value(), violation->nibble),
            std::string(legal_nibbles(instruction.a, instruction.metadata_order)));
    }
    return decode_metadata(instruction, e.front(), selector);
}

std::vector<ElementBits> select_inputs(const MmaInstruction& instruction, const std::vector<LaneValues>& b,
                                       const std::vector<std::uint8_t>& select_lines) {
    const BitMatrix matrix = assemble_fragment(instruction, Operand::b, b);
    const SparsePattern pattern = sparse_pattern_of(instruction.a);
    const std::uint32_t stored = instruction.stored_k();
    const auto selected_k = [&](std::uint32_t row, std::uint32_t i) {
        const std::uint32_t line = select_lines[(row * stored + i) / pattern.unit];
        return i / pattern.kept * pattern.group + line * pattern.unit + i % pattern.unit;
    };
    std::vector<ElementBits> selected;
    selected.reserve(std::size_t{instruction.shape.m} * instruction.shape.n * stored);
    for (std::uint32_t row = 0; row < instruction.shape.m; ++row) {
        for (std::uint32_t column = 0; column < instruction.shape.n; ++column) {
            for (std::uint32_t i = 0; i < stored; ++i) {
                selected.push_back(matrix.at(instruction.sparse ? selected_k(row, i) : i, column));
            }
        }
    }
    return selected;
}

std::vector<ElementBits> dot_products(const MmaInstruction& instruction, const std::vector<LaneValues>& a,
                                      const std::vector<ElementBits>& selected_b, const std::vector<LaneValues>& c) {
    const BitMatrix a_matrix = assemble_fragment(instruction, Operand::a, a);
    std::vector<ElementBits> sums = assemble_fragment(instruction, Operand::c, c).storage;
    const std::size_t stored = instruction.stored_k();
    const std::size_t length = summed_together(instruction);
    for (std::size_t first = 0; first < stored; first += length) {
        const std::size_t count = std::min(length, stored - first);
        for (std::size_t element = 0; element < sums.size(); ++element) {
            const std::size_t row = element / instruction.shape.n;
            const auto multiplicands = std::span(a_matrix.storage).subspan(row * stored + first, count);
            const auto multipliers = std::span(selected_b).subspan(element * stored + first, count);
            sums[element] = dot_add(instruction.arithmetic(), multiplicands, multipliers, sums[element]);
        }
    }
    return sums;
}

std::vector<LaneValues> result_registers(const MmaInstruction& instruction, const std::vector<ElementBits>& sums) {
    BitMatrix matrix(instruction.shape.m, instruction.shape.n, instruction.d);
    matrix.storage = sums;
    return distribute_fragment(instruction, Operand::d, matrix);
}

}  // namespace stcsim
