#include "ptx_timing/machine_program.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "executor/wmma_tiles.h"
#include "ptx/ptx_allocation.h"
#include "ptx_timing/folded_instructions.h"
#include "ptx_timing/instruction_cost.h"

namespace stcsim {
namespace {

OperationClass operation_of(const DecodedInstruction& instruction) {
    if (instruction.call_parameter) return OperationClass::arithmetic;  // a move
    switch (instruction.unit) {
        case ExecutionUnit::mma: return OperationClass::mma;
        case ExecutionUnit::load_matrix: return OperationClass::load_matrix;
        // Where a generic access goes is known when it happens: PtxStream decides.
        case ExecutionUnit::load: return OperationClass::load_global;
        case ExecutionUnit::store: return OperationClass::store_global;
        case ExecutionUnit::atomic:
        case ExecutionUnit::reduction: return OperationClass::atomic_global;
        case ExecutionUnit::fence:
            return is_wide_fence(instruction) ? OperationClass::fence : OperationClass::arithmetic;
        case ExecutionUnit::copy_async: return OperationClass::copy_async;
        case ExecutionUnit::commit_group: return OperationClass::commit_group;
        case ExecutionUnit::wait_group: return OperationClass::wait_group;
        case ExecutionUnit::barrier: return OperationClass::barrier;
        case ExecutionUnit::warp_sync: return OperationClass::warp_sync;
        default: return OperationClass::arithmetic;
    }
}

/// One range over registers that are side by side; else the first alone.
RegisterRange joined(const RegisterRange& first, const RegisterRange& next) {
    if (first.count == 0) return next;
    if (next.count == 0) return first;
    const bool adjacent = first.first + first.count == next.first;
    return adjacent ? RegisterRange{first.first, static_cast<std::uint8_t>(first.count + next.count)} : first;
}

}  // namespace

MachineProgram::MachineProgram(const DecodedKernel& kernel, std::uint32_t registers_per_thread)
    : kernel_(&kernel),
      registers_per_thread_(registers_per_thread != 0 ? registers_per_thread : allocate_registers(kernel.ptx()).count) {
    const std::vector<bool> folded = folded_instructions(kernel);
    const std::vector<PtxRegisterUse> uses = machine_register_uses(kernel, folded);
    assignment_ = assign_registers(kernel.ptx(), uses);
    const auto decoded = kernel.instructions();
    for (std::size_t i = 0; i < decoded.size(); ++i) {
        instructions_.push_back(translate(decoded[i], uses[i]));
        if (folded[i]) instructions_.back().free = true;
    }
    for (const PtxBlock& block : basic_blocks(kernel.ptx())) see_through_free(block, uses);
    mark_after_last_mma();
}

MachineInstruction MachineProgram::translate(const DecodedInstruction& instruction, const PtxRegisterUse& use) const {
    MachineInstruction result;
    result.operation = operation_of(instruction);
    result.is_sequence = instruction.ptx->opcode == "wmma";
    result.memory = memory_operation_of(instruction);
    if (result.operation == OperationClass::arithmetic) {
        const InstructionCost cost = cost_of(instruction);
        result.unit = cost.unit;
        result.free = cost.machine_instructions == 0;
        result.following_arithmetic =
            static_cast<std::uint8_t>(std::max<std::uint32_t>(cost.machine_instructions, 1) - 1);
    } else if (instruction.access.element_bytes != 0 && instruction.access.space == PtxSpace::param) {
        result.free = true;  // a parameter is an operand in constant memory
    }
    if (const auto copy = copy_of(*instruction.ptx)) {
        const RegisterRange to = assignment_.ranges[copy->to];
        const RegisterRange from = assignment_.ranges[copy->from];
        result.free = to.first == from.first && to.count == from.count;
    }
    assign_operands(instruction, use, result);
    return result;
}

void MachineProgram::assign_operands(const DecodedInstruction& instruction, const PtxRegisterUse& use,
                                     MachineInstruction& result) const {
    for (const std::uint32_t r : use.reads) {
        if (assignment_.ranges[r].count > 0) result.reads.insert(assignment_.ranges[r]);
    }
    if (instruction.unit == ExecutionUnit::mma) {
        assign_fragments(instruction, result);
        if (result.is_sequence) assign_sequence(instruction, result);
        return;
    }
    for (const std::uint32_t r : use.writes) {
        // The predicate of setp's or shfl's second result: the first one's readiness stands for both.
        result.destination = joined(result.destination, assignment_.ranges[r]);
    }
    if (result.operation != OperationClass::arithmetic) return;
    for (const std::uint32_t r : use.reads) {
        if (assignment_.ranges[r].count == 0 || assignment_.ranges[r].first >= first_predicate_number) continue;
        result.a = assignment_.ranges[r];
        break;
    }
}

void MachineProgram::see_through_free(const PtxBlock& block, std::span<const PtxRegisterUse> uses) {
    // What a free instruction writes is there when what it reads is: who reads the one waits for the other.
    std::map<std::uint32_t, RegisterSet> sources;  // by PTX register
    for (std::uint32_t i = block.begin; i < block.end; ++i) {
        MachineInstruction& machine = instructions_[i];
        for (const std::uint32_t r : uses[i].reads) {
            if (const auto known = sources.find(r); known != sources.end()) machine.reads.insert(known->second);
        }
        for (const std::uint32_t r : uses[i].writes) sources.erase(r);
        if (machine.free) {
            for (const std::uint32_t r : uses[i].writes) sources[r] = machine.reads;
        } else {
            for (auto& [r, registers] : sources) registers.erase(machine.destination);
        }
    }
}

void MachineProgram::assign_fragments(const DecodedInstruction& instruction, MachineInstruction& result) const {
    const auto& operands = instruction.ptx->operands;
    const auto range_of = [&](std::size_t operand, std::uint32_t count) {
        RegisterRange range{0, static_cast<std::uint8_t>(count)};
        if (operand >= operands.size()) return range;
        const PtxOperand& place = operands[operand];
        const PtxOperand& first =
            place.kind == PtxOperand::Kind::vector && !place.elements.empty() ? place.elements.front() : place;
        if (first.kind == PtxOperand::Kind::reg) range.first = assignment_.ranges[first.index].first;
        range.first = static_cast<std::uint8_t>(std::min<std::uint32_t>(range.first, first_predicate_number - count));
        return range;
    };
    const MmaInstruction& mma = *instruction.mma;
    result.destination = range_of(0, mma.d_registers());
    result.a = range_of(1, mma.a_registers());
    result.b = range_of(2, mma.b_registers());
    result.c = range_of(3, mma.c_registers());
    result.e = range_of(4, mma.e_registers());
}

void MachineProgram::assign_sequence(const DecodedInstruction& instruction, MachineInstruction& result) const {
    const WmmaTiles tiles = wmma_tiles(instruction);
    const auto part = [&](const RegisterRange& whole, Operand operand, std::uint32_t tile) {
        const std::uint32_t count = tiles.registers_per_tile(operand) * tiles.words();
        const std::uint32_t last = first_predicate_number - std::min<std::uint32_t>(count, first_predicate_number);
        return RegisterRange{static_cast<std::uint8_t>(std::min(whole.first + tile * count, last)),
                             static_cast<std::uint8_t>(count)};
    };
    for (std::uint32_t tile = 0; tile < tiles.tiles(Operand::d); ++tile) {
        result.sequence.push_back({.destination = part(result.destination, Operand::d, tile),
                                   .a = part(result.a, Operand::a, tile / tiles.across()),
                                   .b = part(result.b, Operand::b, tile % tiles.across()),
                                   .c = part(result.c, Operand::c, tile)});
    }
}

void MachineProgram::mark_after_last_mma() {
    // Backwards until nothing changes: an instruction from which an mma can be reached is not after the last one.
    const auto decoded = kernel_->instructions();
    std::vector<bool> reaches(decoded.size() + 1);
    bool changed = true;
    bool after_calls = false;  // whether one is reached behind some call: a function may return there
    const auto elsewhere = [&](std::size_t i) {
        switch (decoded[i].unit) {
            case ExecutionUnit::branch: return bool{reaches[decoded[i].target]};
            case ExecutionUnit::function_return: return after_calls;
            case ExecutionUnit::function_call: {
                const auto callees = kernel_->ptx().callees(*decoded[i].ptx);
                return std::ranges::any_of(
                    callees, [&](std::uint32_t f) { return bool{reaches[kernel_->functions()[f].first]}; });
            }
            default: return false;
        }
    };
    const auto ends = [](ExecutionUnit unit) {
        return unit == ExecutionUnit::branch || unit == ExecutionUnit::exit || unit == ExecutionUnit::function_return;
    };
    while (changed) {
        changed = false;
        for (std::size_t i = decoded.size(); i-- > 0;) {
            const bool goes_on = !ends(decoded[i].unit) || decoded[i].guard.place != 0;
            if (decoded[i].unit == ExecutionUnit::function_call && reaches[i + 1]) after_calls = true;
            const bool now = decoded[i].unit == ExecutionUnit::mma || elsewhere(i) || (goes_on && reaches[i + 1]);
            changed |= now != reaches[i];
            reaches[i] = now;
        }
    }
    for (std::size_t i = 0; i < decoded.size(); ++i) {
        instructions_[i].after_last_mma = !reaches[i + 1] && !elsewhere(i);
    }
}

}  // namespace stcsim
