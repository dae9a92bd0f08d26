#include "ptx/ptx_register_use.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace stcsim {
namespace {

using Kind = PtxOperand::Kind;

void append(const PtxOperand& operand, std::vector<std::uint32_t>& registers) {
    if (operand.index != PtxOperand::none &&
        (operand.kind == Kind::reg || operand.kind == Kind::reg_pair || operand.kind == Kind::memory)) {
        registers.push_back(operand.index);
    }
    if (operand.kind == Kind::reg_pair && operand.second != PtxOperand::none) registers.push_back(operand.second);
    for (const PtxOperand& element : operand.elements) append(element, registers);
}

/// Whether a register that comes first is only read. Addresses never are results, so that stores need not be named.
bool has_no_result(const PtxInstruction& instruction) {
    constexpr std::array<std::string_view, 5> names{"brx", "nanosleep", "stackrestore", "setmaxnreg", "pmevent"};
    const bool barrier = instruction.opcode == "bar" || instruction.opcode == "barrier";
    if (barrier) return std::ranges::find(instruction.modifiers, "red") == instruction.modifiers.end();
    return std::ranges::find(names, instruction.opcode) != names.end();
}

}  // namespace

PtxRegisterUse registers_of(const PtxInstruction& instruction) {
    PtxRegisterUse use;
    if (instruction.guard) use.reads.push_back(instruction.guard->reg);
    for (std::size_t i = 0; i < instruction.operands.size(); ++i) {
        const PtxOperand& operand = instruction.operands[i];
        const bool result = i == 0 && operand.kind != Kind::memory && !has_no_result(instruction);
        append(operand, result ? use.writes : use.reads);
    }
    return use;
}

}  // namespace stcsim
