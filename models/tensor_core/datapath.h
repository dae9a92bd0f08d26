/// The tensor core's datapath as pure functions; the SystemC modules wrap them with time.
///
/// Matrices are row-major vectors of raw bit patterns: A is m x stored_k, B is k x n, C and D are m x n.
#pragma once

#include <cstdint>
#include <vector>

#include "isa/mma_instruction.h"
#include "tensor_core/tensor_core_parameters.h"
#include "tensor_core/tensor_operation.h"

namespace stcsim {

/// How the array works through one instruction.
struct ArraySchedule {
    std::uint32_t steps;     ///< array cycles
    std::uint32_t interval;  ///< cycles until the array takes the next instruction: the steps, but see minimum_interval
    std::uint32_t steps_per_pass;  ///< of one fused dot product over all of D
    std::uint32_t passes;          ///< chained
};

/// Steps of an instruction on an array of this shape: each step multiplies, for `rows` x `columns` elements of D, as
/// many stored elements as fit in `unit_bits`. f64 has a rate of its own.
ArraySchedule array_schedule(const MmaInstruction& instruction, const DotProductArrayParameters& parameters);

/// Dense multiply-adds of one array per cycle at full use.
double dense_multiply_adds_per_cycle(const DotProductArrayParameters& parameters, ElementType input,
                                     ElementType accumulator);

/// Cycles the input selector needs for the instruction: one multiplexer output per row, column and stored element, and
/// several turns each when the multiplexer is narrower than the group of four it chooses from.
Cycle selection_cycles(const MmaInstruction& instruction, const InputSelectorParameters& parameters);

/// MetadataDecoder: for each row and stored unit (sparse_pattern.h) the position of B's unit within its group. Throws
/// InputError if the metadata is illegal for the instruction.
std::vector<std::uint8_t> decode_select_lines(const MmaInstruction& instruction, const std::vector<LaneValues>& e,
                                              std::uint8_t selector);

/// InputSelector: for each row, column and stored element of A, the element of B it is multiplied with.
/// Layout: [row][column][stored element]. Dense: the elements in order.
std::vector<ElementBits> select_inputs(const MmaInstruction& instruction, const std::vector<LaneValues>& b,
                                       const std::vector<std::uint8_t>& select_lines);

/// DotProductArray: the sums over the selected elements, m x n. Floats take a rounded pass at a time; integers are
/// summed exactly and wrap or, with `.satfinite`, saturate once, at the end of the instruction (assumed, see
/// dot_add.h).
std::vector<ElementBits> dot_products(const MmaInstruction& instruction, const std::vector<LaneValues>& a,
                                      const std::vector<ElementBits>& selected_b, const std::vector<LaneValues>& c);

/// Accumulator: the m x n results as D's registers.
std::vector<LaneValues> result_registers(const MmaInstruction& instruction, const std::vector<ElementBits>& sums);

}  // namespace stcsim
