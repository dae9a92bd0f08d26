#include "ptx_timing/instruction_cost.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace stcsim {
namespace {

bool has_modifier(const DecodedInstruction& instruction, std::string_view modifier) {
    return std::ranges::find(instruction.ptx->modifiers, modifier) != instruction.ptx->modifiers.end();
}

bool is_wide(const DecodedInstruction& instruction) {
    return bytes_of(instruction.type) > 4;
}

/// Integer operations that are not one instruction for 32 bits and two for 64.
struct LongOperation {
    std::string_view opcode;
    std::uint32_t narrow;
    std::uint32_t wide;
};
constexpr std::array long_operations{
    LongOperation{"div", 21, 70}, LongOperation{"rem", 19, 70}, LongOperation{"mul", 1, 4},
    LongOperation{"mad", 1, 5},   LongOperation{"min", 1, 4},   LongOperation{"max", 1, 4},
};

InstructionCost integer_cost(const DecodedInstruction& instruction) {
    const std::string_view opcode = instruction.ptx->opcode;
    // IMAD and IMAD.WIDE execute in the pipe of the f32 multiply-add.
    const bool multiplies = opcode == "mul" || opcode == "mad";
    const ArithmeticUnit unit = multiplies ? ArithmeticUnit::float32 : ArithmeticUnit::integer;
    if (multiplies && has_modifier(instruction, "wide")) return {unit, 1};
    for (const LongOperation& operation : long_operations) {
        if (operation.opcode == opcode) return {unit, is_wide(instruction) ? operation.wide : operation.narrow};
    }
    return {unit, is_wide(instruction) ? 2U : 1U};
}

InstructionCost move_cost(const DecodedInstruction& instruction) {
    const auto& operands = instruction.ptx->operands;
    if (instruction.reads_clock) return {ArithmeticUnit::any, 1};
    const PtxOperand::Kind source = operands.size() > 1 ? operands[1].kind : PtxOperand::Kind::sink;
    // Thread and block numbers, sizes and addresses of variables are read once, outside of loops, or are constants.
    if (source == PtxOperand::Kind::special || source == PtxOperand::Kind::variable)
        return {ArithmeticUnit::integer, 1};
    const auto is_vector = [](const PtxOperand& operand) { return operand.kind == PtxOperand::Kind::vector; };
    if (std::ranges::any_of(operands, is_vector)) {
        // Halves of a 64-bit register are registers; 16-bit halves have to be moved (PRMT).
        const bool wide = is_wide(instruction);
        return {ArithmeticUnit::integer, wide ? 0U : 1U};
    }
    return {ArithmeticUnit::integer, is_wide(instruction) ? 2U : 1U};
}

InstructionCost float_cost(const DecodedInstruction& instruction, ArithmeticUnit unit, std::uint32_t division) {
    const std::string_view opcode = instruction.ptx->opcode;
    if (opcode == "div") return {unit, division};
    if (opcode == "setp" || opcode == "selp" || opcode == "min" || opcode == "max" || opcode == "abs" ||
        opcode == "neg" || opcode == "set") {
        if (unit == ArithmeticUnit::float32) return {ArithmeticUnit::integer, 1};
    }
    return {unit, 1};
}

InstructionCost special_cost(const DecodedInstruction& instruction) {
    // One MUFU; without .ftz a scaling of subnormals around it; the rounded forms refine its result.
    constexpr std::uint32_t scaled = 4;
    constexpr std::uint32_t refined = 12;
    constexpr std::uint32_t refined_f64 = 20;
    if (is_wide(instruction)) return {ArithmeticUnit::special, refined_f64};
    if (!has_modifier(instruction, "approx")) return {ArithmeticUnit::special, refined};
    return {ArithmeticUnit::special, has_modifier(instruction, "ftz") ? 1U : scaled};
}

bool is_integer(PtxType type) {
    return type < PtxType::f16 && type != PtxType::pred;
}

/// Between integers: what is cut off is in registers or parts of them that nobody looks at; what is extended takes one
/// instruction for the sign, or for zeros.
InstructionCost conversion_cost(const DecodedInstruction& instruction) {
    const bool of_integers = is_integer(instruction.type) && is_integer(instruction.second_type);
    if (!of_integers || has_modifier(instruction, "sat") || has_modifier(instruction, "pack")) {
        return {ArithmeticUnit::conversion, 1};
    }
    const bool extends = bytes_of(instruction.type) > bytes_of(instruction.second_type);
    return {ArithmeticUnit::integer, extends ? 1U : 0U};
}

}  // namespace

InstructionCost cost_of(const DecodedInstruction& instruction) {
    constexpr std::uint32_t f32_division = 12;
    constexpr std::uint32_t f64_division = 21;
    if (instruction.ptx == nullptr) return {ArithmeticUnit::any, 1};
    if (instruction.call_parameter) {
        return {ArithmeticUnit::any, std::max(1U, instruction.access.bytes_per_lane() / 4)};
    }
    switch (instruction.unit) {
        case ExecutionUnit::integer:
            if (instruction.ptx->opcode == "mov") return move_cost(instruction);
            if (instruction.ptx->opcode == "cvta") return {ArithmeticUnit::any, 0};
            return integer_cost(instruction);
        case ExecutionUnit::f32: return float_cost(instruction, ArithmeticUnit::float32, f32_division);
        case ExecutionUnit::f16: return float_cost(instruction, ArithmeticUnit::half, f32_division);
        case ExecutionUnit::f64: return float_cost(instruction, ArithmeticUnit::float64, f64_division);
        case ExecutionUnit::conversion: return conversion_cost(instruction);
        case ExecutionUnit::special_function: return special_cost(instruction);
        case ExecutionUnit::shuffle:
        case ExecutionUnit::vote: return {ArithmeticUnit::exchange, 1};
        case ExecutionUnit::none: return {ArithmeticUnit::any, 0};
        case ExecutionUnit::exit: return {ArithmeticUnit::any, 0};
        default: return {ArithmeticUnit::any, 1};
    }
}

}  // namespace stcsim
