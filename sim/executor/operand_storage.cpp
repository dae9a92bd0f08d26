#include <algorithm>
#include <unordered_set>

#include "base/error.h"
#include "base/units.h"
#include "executor/generic_address.h"
#include "executor/instruction_decoder.h"

namespace stcsim {
namespace {

void collect_variables(const PtxOperand& operand, std::unordered_set<const PtxVariable*>& used) {
    if (operand.variable != nullptr) used.insert(operand.variable);
    for (const PtxOperand& element : operand.elements) collect_variables(element, used);
}

/// The next free offset for a variable, which is then behind it.
std::uint64_t take_space(std::uint64_t& end, const PtxVariable& variable) {
    const std::uint64_t offset = round_up<std::uint64_t>(end, std::max<std::uint64_t>(variable.alignment, 1));
    end = offset + variable.bytes;
    return offset;
}

}  // namespace

OperandStorage::OperandStorage(const PtxModule& module, const PtxKernel& kernel) : kernel_(&kernel) {
    place_registers();
    place_variables(module);
    place_functions();
}

void OperandStorage::place_registers() {
    register_places.reserve(kernel_->registers.size());
    for (const PtxRegister& one : kernel_->registers) {
        if (one.type == PtxType::pred) {
            register_places.push_back(predicates++);
        } else {
            register_places.push_back(register_words);
            register_words += is_wide(one.type) ? 2 * warp_lanes : warp_lanes;
        }
    }
}

void OperandStorage::place_variables(const PtxModule& module) {
    std::unordered_set<const PtxVariable*> used;
    for (const PtxInstruction& instruction : kernel_->instructions) {
        for (const PtxOperand& operand : instruction.operands) collect_variables(operand, used);
    }
    functions.resize(kernel_->functions.size());
    for (std::uint32_t f = 0; f < functions.size(); ++f) {
        for (const PtxVariable* variable : kernel_->functions[f].variables) function_of_.emplace(variable, f);
    }
    std::vector<const PtxVariable*> dynamic;
    std::uint64_t dynamic_alignment = 16;  // what a vector access of a dynamic array may rely on
    const auto place = [&](const PtxVariable& variable) {
        if (variable.space == PtxSpace::shared && variable.external) {
            dynamic.push_back(&variable);
            dynamic_alignment = std::max<std::uint64_t>(dynamic_alignment, variable.alignment);
        } else if (variable.space == PtxSpace::shared) {
            offsets_[&variable] = take_space(static_shared_bytes, variable);
        } else if (variable.space == PtxSpace::local || variable.space == PtxSpace::param) {
            const auto function = function_of_.find(&variable);
            std::uint64_t& end = function == function_of_.end() ? frame_bytes : functions[function->second].frame_bytes;
            offsets_[&variable] = take_space(end, variable);
        }
    };
    for (const auto& variable : module.variables) {
        if (used.contains(variable.get())) place(*variable);
    }
    for (const PtxVariable& variable : kernel_->variables) place(variable);
    for (const PtxVariable* variable : used) {
        // Parameters of calls are variables of the thread.
        if (variable->space == PtxSpace::param && !is_parameter(*variable) && !offsets_.contains(variable)) {
            place(*variable);
        }
    }
    dynamic_shared_offset = round_up(static_shared_bytes, dynamic_alignment);
    for (const PtxVariable* variable : dynamic) offsets_[variable] = dynamic_shared_offset;
}

void OperandStorage::place_functions() {
    for (std::size_t f = 0; f < functions.size(); ++f) {
        const PtxLinkedFunction& linked = kernel_->functions[f];
        DecodedFunction& function = functions[f];
        function.address = function_address(linked.function);
        function.first = linked.first;
        function.end = linked.end;
        function.recursive = linked.recursive;
        function.first_register = linked.first_register;
        function.end_register = linked.end_register;
        function.first_word = function.end_word = function.first_predicate = function.end_predicate = 0;
        for (std::uint32_t r = linked.first_register; r < linked.end_register; ++r) {
            const std::uint32_t place = register_places[r];
            const PtxType type = kernel_->registers[r].type;
            std::uint32_t& first = type == PtxType::pred ? function.first_predicate : function.first_word;
            std::uint32_t& end = type == PtxType::pred ? function.end_predicate : function.end_word;
            if (end == 0) first = place;
            end = place + (type == PtxType::pred ? 1 : is_wide(type) ? 2 * warp_lanes : warp_lanes);
        }
        for (const PtxFormal& formal : linked.parameters) function.parameters.push_back(place_formal(formal));
        for (const PtxFormal& formal : linked.results) function.results.push_back(place_formal(formal));
    }
}

FormalValue OperandStorage::place_formal(const PtxFormal& formal) const {
    FormalValue value;
    value.bytes = formal.bytes;
    value.in_memory = formal.variable != nullptr;
    if (value.in_memory) {
        value.offset = offset_of(*formal.variable);
    } else {
        value.place = {register_places[formal.reg]};
        value.wide = is_wide(kernel_->registers[formal.reg].type);
        value.kernel_register = formal.reg;
    }
    return value;
}

OperandPlace OperandStorage::address_of(const PtxVariable& variable, std::int64_t offset, bool wide) {
    const std::int64_t whole = static_cast<std::int64_t>(offset_of(variable)) + offset;
    const auto function = function_of_.find(&variable);
    if (function == function_of_.end()) return constant(static_cast<std::uint64_t>(whole), wide);
    std::vector<FrameAddress>& known = functions[function->second].frame_addresses;
    for (const FrameAddress& address : known) {
        if (address.wide == wide && address.offset == whole) return {address.place};
    }
    known.push_back({register_words, wide, whole});
    register_words += wide ? 2 * warp_lanes : warp_lanes;
    return {known.back().place};
}

bool OperandStorage::is_parameter(const PtxVariable& variable) const {
    return std::any_of(kernel_->parameters.begin(), kernel_->parameters.end(),
                       [&](const PtxVariable& parameter) { return &parameter == &variable; });
}

std::uint64_t OperandStorage::offset_of(const PtxVariable& variable) const {
    if (is_parameter(variable)) return kernel_->parameter_offset(variable);
    const auto found = offsets_.find(&variable);
    STCSIM_ASSERT(found != offsets_.end());
    return found->second;
}

OperandPlace OperandStorage::constant(std::uint64_t value, bool wide) {
    auto& known = wide ? wide_constants_ : narrow_constants_;
    const auto [entry, is_new] = known.try_emplace(wide ? value : value & 0xFFFFFFFFU, constants.size());
    if (is_new) {
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            constants.push_back(static_cast<std::uint32_t>(value));
            if (wide) constants.push_back(static_cast<std::uint32_t>(value >> 32U));
        }
    }
    return {entry->second | OperandPlace::high_bit};
}

OperandPlace OperandStorage::start_value(StartValue value) {
    for (const StartValue& known : start_values) {
        if (known.wide == value.wide && known.special == value.special && known.variable == value.variable &&
            known.offset == value.offset) {
            return {known.place};
        }
    }
    value.place = register_words;
    register_words += value.wide ? 2 * warp_lanes : warp_lanes;
    start_values.push_back(value);
    return {value.place};
}

}  // namespace stcsim
