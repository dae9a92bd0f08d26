#include "module_text.h"

#include <iterator>

#include <fmt/format.h>

#include "base/error.h"
#include "ptx/ptx_words.h"

namespace stcsim {
namespace {

using Kind = PtxOperand::Kind;

std::string register_text(const PtxKernel& kernel, std::uint32_t index) {
    if (index == PtxOperand::none) return "_";
    STCSIM_ASSERT(index < kernel.registers.size());
    const PtxRegister& reg = kernel.registers[index];
    return fmt::format("{}#{}.{}", reg.name, index, name_of(reg.type));
}

std::string operand_text(const PtxOperand& operand, const PtxKernel& kernel);

std::string elements_text(const PtxOperand& operand, const PtxKernel& kernel) {
    std::string text;
    for (const PtxOperand& element : operand.elements) text += operand_text(element, kernel) + " ";
    return text;
}

std::string memory_text(const PtxOperand& operand, const PtxKernel& kernel) {
    STCSIM_ASSERT(operand.variable == nullptr || operand.index == PtxOperand::none);
    std::string base = "absolute";
    if (operand.variable != nullptr) base = operand.variable->name;
    if (operand.index != PtxOperand::none) base = register_text(kernel, operand.index);
    return fmt::format("[{}{:+} {}]", base, operand.offset, elements_text(operand, kernel));
}

std::string operand_text(const PtxOperand& operand, const PtxKernel& kernel) {
    switch (operand.kind) {
        case Kind::reg:
            STCSIM_ASSERT(operand.index != PtxOperand::none);
            return (operand.negated ? "!" : "") + register_text(kernel, operand.index);
        case Kind::reg_pair: return register_text(kernel, operand.index) + "|" + register_text(kernel, operand.second);
        case Kind::special: return std::string(name_of(operand.special));
        case Kind::immediate:
            return fmt::format("{:#x}{}", operand.bits,
                               operand.immediate_type ? fmt::format(".{}", name_of(*operand.immediate_type)) : "");
        case Kind::variable:
            STCSIM_ASSERT(operand.variable != nullptr);
            return fmt::format("{}{:+}", operand.variable->name, operand.offset);
        case Kind::memory: return memory_text(operand, kernel);
        case Kind::vector: return "{" + elements_text(operand, kernel) + "}";
        case Kind::label:
            STCSIM_ASSERT(operand.index <= kernel.instructions.size());
            return fmt::format("->{}", operand.index);
        case Kind::targets: STCSIM_ASSERT(operand.index < kernel.branch_targets.size()); return "targets";
        case Kind::sink: return "_";
        case Kind::function: return "function " + operand.text;
        case Kind::prototype: return "prototype " + operand.text;
    }
    STCSIM_ASSERT(false);
}

std::string variable_text(const PtxVariable& variable) {
    STCSIM_ASSERT(variable.initial.size() <= variable.bytes);
    std::string text =
        fmt::format("{} {} {} {} align {}{} =", variable.name, static_cast<int>(variable.space), name_of(variable.type),
                    variable.bytes, variable.alignment, variable.external ? " external" : "");
    for (const std::byte byte : variable.initial) text += fmt::format(" {}", std::to_integer<unsigned>(byte));
    for (const PtxInitialAddress& address : variable.addresses) {
        STCSIM_ASSERT(address.at + address.bytes <= variable.initial.size());
        const std::string of =
            address.variable != nullptr ? address.variable->name : fmt::format("function {}", address.function);
        text += fmt::format(" {}@{}{:+}&{:x}{}", of, address.at, address.addend, address.mask,
                            address.generic ? " generic" : "");
    }
    return text + "\n";
}

std::string kernel_text(const PtxKernel& kernel) {
    std::string text = fmt::format("kernel {} {} {} {}\n", kernel.name, kernel.max_threads_per_cta,
                                   kernel.min_ctas_per_sm, kernel.max_registers);
    for (const PtxVariable& parameter : kernel.parameters) {
        text += fmt::format("at {} {}", kernel.parameter_offset(parameter), variable_text(parameter));
    }
    for (const PtxVariable& variable : kernel.variables) text += variable_text(variable);
    for (const PtxInstruction& instruction : kernel.instructions) text += text_of(instruction, kernel) + "\n";
    for (const auto& targets : kernel.branch_targets) {
        for (const std::uint32_t target : targets) {
            STCSIM_ASSERT(target <= kernel.instructions.size());
            text += fmt::format("target {}\n", target);
        }
    }
    return text;
}

}  // namespace

std::string text_of(const PtxInstruction& instruction, const PtxKernel& kernel) {
    std::string text = instruction.name();
    if (instruction.guard) {
        text = fmt::format("@{}{} {}", instruction.guard->negated ? "!" : "",
                           register_text(kernel, instruction.guard->reg), text);
    }
    for (const PtxOperand& operand : instruction.operands) text += " " + operand_text(operand, kernel);
    return text + fmt::format(" ;{}:{}", instruction.source.file, instruction.source.line);
}

std::string text_of(const PtxModule& module) {
    std::string text = fmt::format("{}.{} {}\n", module.version_major, module.version_minor, module.target);
    for (const auto& [number, file] : module.files) text += fmt::format("file {} {}\n", number, file);
    for (const auto& variable : module.variables) text += variable_text(*variable);
    for (const PtxFunction& function : module.functions) {
        text += fmt::format("function {}{}\n", function.name, function.defined ? " defined" : "");
        if (function.body) text += kernel_text(*function.body);
    }
    for (const auto& kernel : module.kernels) text += kernel_text(*kernel);
    return text;
}

}  // namespace stcsim
