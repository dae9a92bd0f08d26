#include "executor/instruction_decoder.h"

#include <bit>

#include <fmt/format.h>

#include "base/error.h"
#include "executor/generic_address.h"

namespace stcsim {

using Kind = PtxOperand::Kind;

InstructionDecoder::InstructionDecoder(const PtxModule& module, const PtxKernel& kernel,
                                       const PtxInstruction& instruction, OperandStorage& storage,
                                       DecodedInstruction& decoded)
    : modifiers(instruction.modifiers),
      out(decoded),
      module_(&module),
      kernel_(&kernel),
      instruction_(&instruction),
      storage_(&storage) {
    out.ptx = &instruction;
    if (!instruction.guard) return;
    const std::uint32_t number = checked_register(instruction.guard->reg);
    if (kernel.registers[number].type != PtxType::pred) misfit("a guard that is no predicate", "a predicate");
    out.guard = {storage.place_of_register(number) | (instruction.guard->negated ? OperandPlace::high_bit : 0U)};
    reads.push_back(number);
}

void InstructionDecoder::unsupported(const std::string& why) const {
    throw UnsupportedOpcode(why);
}

void InstructionDecoder::misfit(const std::string& found, const std::string& expected) const {
    throw InputError({module_->name, instruction_->where.line}, fmt::format("{} in {}", found, instruction_->name()),
                     expected);
}

PtxType InstructionDecoder::type() {
    const auto found = modifiers.take_type();
    if (!found) unsupported("it has no type that is known");
    return *found;
}

void InstructionDecoder::finish() const {
    if (!modifiers.empty()) unsupported(fmt::format("the modifier .{}", modifiers.left().front()));
}

void InstructionDecoder::expect_operands(std::size_t least, std::size_t most) const {
    if (operands() >= least && operands() <= most) return;
    misfit(fmt::format("{} operands", operands()),
           least == most ? std::to_string(least) : fmt::format("{} to {}", least, most));
}

const PtxOperand& InstructionDecoder::operand(std::size_t i) const {
    if (i >= operands()) misfit(fmt::format("{} operands", operands()), fmt::format("at least {}", i + 1));
    return instruction_->operands[i];
}

std::uint32_t InstructionDecoder::checked_register(std::uint32_t index) const {
    STCSIM_ASSERT(index < kernel_->registers.size());
    return index;
}

OperandPlace InstructionDecoder::register_source(const PtxOperand& operand, PtxType type) {
    const std::uint32_t number = checked_register(operand.index);
    const PtxRegister& one = kernel_->registers[number];
    if (one.type == PtxType::pred || is_wide(one.type) != is_wide(type)) {
        misfit(fmt::format("register {} of another size", one.name), "a register of the size of the operation's type");
    }
    reads.push_back(number);
    return {storage_->place_of_register(number)};
}

OperandPlace InstructionDecoder::immediate_source(const PtxOperand& operand, PtxType type) {
    std::uint64_t bits = operand.bits;
    if (operand.immediate_type == PtxType::f64 && type == PtxType::f32) {
        bits = std::bit_cast<std::uint32_t>(static_cast<float>(std::bit_cast<double>(bits)));
    } else if (operand.immediate_type == PtxType::f32 && type == PtxType::f64) {
        bits = std::bit_cast<std::uint64_t>(double{std::bit_cast<float>(static_cast<std::uint32_t>(bits))});
    }
    // Registers of 16 bits have zeros above them.
    if (!is_wide(type) && bytes_of(type) == 2) bits &= 0xFFFFU;
    return storage_->constant(bits, is_wide(type));
}

OperandPlace InstructionDecoder::special_source(const PtxOperand& operand, PtxType type) {
    using enum PtxSpecialRegister;
    const auto special = operand.special;
    if (special == unsupported) misfit("the special register " + operand.text, "one that is simulated");
    out.reads_clock = out.reads_clock || special == clock || special == clock_hi || special == clock64 ||
                      special == globaltimer || special == globaltimer_lo || special == globaltimer_hi;
    StartValue value;
    value.wide = is_wide(type);
    value.special = special;
    return storage_->start_value(value);
}

OperandPlace InstructionDecoder::variable_address(const PtxOperand& operand, bool wide) {
    STCSIM_ASSERT(operand.variable != nullptr);
    const PtxVariable& variable = *operand.variable;
    if (variable.space == PtxSpace::global || variable.space == PtxSpace::constant) {
        StartValue value;
        value.wide = wide;
        value.variable = &variable;
        value.offset = operand.offset;
        return storage_->start_value(value);
    }
    return storage_->address_of(variable, operand.offset, wide);
}

OperandPlace InstructionDecoder::source(const PtxOperand& operand, PtxType type) {
    switch (operand.kind) {
        case Kind::reg: return register_source(operand, type);
        case Kind::immediate: return immediate_source(operand, type);
        case Kind::special: return special_source(operand, type);
        case Kind::variable: return variable_address(operand, is_wide(type));
        default: misfit("an operand of the wrong kind", "a register or an immediate");
    }
}

OperandPlace InstructionDecoder::destination(const PtxOperand& operand, PtxType type) {
    if (operand.kind == Kind::sink) return {};
    if (operand.kind != Kind::reg) misfit("a destination that is no register", "a register");
    const std::uint32_t number = checked_register(operand.index);
    const PtxRegister& one = kernel_->registers[number];
    if (one.type == PtxType::pred || is_wide(one.type) != is_wide(type)) {
        misfit(fmt::format("register {} of another size", one.name), "a register of the size of the result");
    }
    writes.push_back(number);
    return {storage_->place_of_register(number)};
}

PtxType InstructionDecoder::register_type(const PtxOperand& operand, PtxType otherwise) const {
    if (operand.kind != Kind::reg) return otherwise;
    return kernel_->registers[checked_register(operand.index)].type;
}

OperandPlace InstructionDecoder::predicate_source(const PtxOperand& operand) {
    if (operand.kind == Kind::immediate) return {operand.bits != 0 ? 0U : OperandPlace::high_bit};
    if (operand.kind != Kind::reg || kernel_->registers[checked_register(operand.index)].type != PtxType::pred) {
        misfit("an operand that is no predicate", "a predicate");
    }
    reads.push_back(operand.index);
    return {storage_->place_of_register(operand.index) | (operand.negated ? OperandPlace::high_bit : 0U)};
}

OperandPlace InstructionDecoder::predicate_destination(const PtxOperand& operand) {
    if (operand.kind == Kind::sink) return {};
    if (operand.kind != Kind::reg || kernel_->registers[checked_register(operand.index)].type != PtxType::pred) {
        misfit("a destination that is no predicate", "a predicate");
    }
    writes.push_back(operand.index);
    return {storage_->place_of_register(operand.index)};
}

OperandPlace InstructionDecoder::destination_with_predicate(std::size_t i, PtxType type) {
    if (operand(i).kind != Kind::reg_pair) {
        return type == PtxType::pred ? predicate_destination(operand(i)) : destination(i, type);
    }
    PtxOperand first = operand(i);
    first.kind = first.index == PtxOperand::none ? Kind::sink : Kind::reg;
    PtxOperand second = first;
    second.index = operand(i).second;
    second.kind = second.index == PtxOperand::none ? Kind::sink : Kind::reg;
    const OperandPlace place = type == PtxType::pred ? predicate_destination(first) : destination(first, type);
    out.d2 = predicate_destination(second);
    return place;
}

std::uint64_t InstructionDecoder::immediate(std::size_t i) const {
    if (!is_immediate(i)) misfit("an operand that is not known before the launch", "an integer");
    return operand(i).bits;
}

InstructionDecoder::MemoryOperand InstructionDecoder::memory(std::size_t i, PtxSpace space) {
    const PtxOperand& at = operand(i);
    MemoryOperand result;
    if (at.variable != nullptr) {
        result.space = at.variable->space;
        // Generic addresses of shared, local and param variables are in their windows.
        const bool windowed = space == PtxSpace::generic;
        PtxOperand base = at;
        base.kind = Kind::variable;
        base.offset = 0;
        result.base = variable_address(base, true);
        result.offset = at.offset + (windowed ? static_cast<std::int64_t>(window_of(at.variable->space)) : 0);
        return result;
    }
    if (at.kind == Kind::immediate) {
        result.base = storage_->constant(at.bits, true);
        return result;
    }
    if (at.kind != Kind::memory && at.kind != Kind::reg) misfit("an operand that is no address", "[address]");
    result.offset = at.offset;
    if (at.index == PtxOperand::none) {
        result.base = storage_->constant(0, true);
        return result;
    }
    result.wide = is_wide(kernel_->registers[checked_register(at.index)].type);
    PtxOperand base = at;
    base.kind = Kind::reg;
    result.base = source(base, result.wide ? PtxType::b64 : PtxType::b32);
    return result;
}

bool InstructionDecoder::in_function() const {
    return !kernel_->functions.empty() &&
           instruction_ - kernel_->instructions.data() >= static_cast<std::ptrdiff_t>(kernel_->functions.front().first);
}

ActualValue InstructionDecoder::actual(const PtxOperand& operand, bool result) {
    ActualValue value;
    if (operand.variable != nullptr) {
        value.in_memory = true;
        value.place = variable_address(operand, true);
        value.bytes = operand.variable->bytes;
        return value;
    }
    // An immediate may be passed as a parameter of any size.
    const PtxType type = register_type(operand, PtxType::b64);
    value.wide = is_wide(type);
    value.bytes = operand.kind == Kind::reg ? bytes_of(type) : 0;
    value.place = result ? destination(operand, type) : source(operand, type);
    return value;
}

std::vector<const PtxOperand*> InstructionDecoder::elements(std::size_t i) const {
    const PtxOperand& all = operand(i);
    if (all.kind != Kind::vector) return {&all};
    std::vector<const PtxOperand*> result;
    result.reserve(all.elements.size());
    for (const PtxOperand& element : all.elements) result.push_back(&element);
    return result;
}

}  // namespace stcsim
