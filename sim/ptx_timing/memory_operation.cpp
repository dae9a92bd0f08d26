#include "ptx_timing/memory_operation.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace stcsim {
namespace {

bool has_any(const DecodedInstruction& instruction, std::initializer_list<std::string_view> modifiers) {
    const auto& written = instruction.ptx->modifiers;
    return std::ranges::any_of(
        modifiers, [&](std::string_view modifier) { return std::ranges::find(written, modifier) != written.end(); });
}

CacheUse load_cache(const DecodedInstruction& instruction) {
    if (has_any(instruction, {"cg", "cv", "volatile", "mmio", "L1::no_allocate"})) return CacheUse::l2;
    if (!instruction.access.strong || has_any(instruction, {"cta"})) return CacheUse::l1;
    return has_any(instruction, {"acquire"}) ? CacheUse::acquire : CacheUse::l2;
}

bool adds_one(const DecodedInstruction& instruction, bool returns) {
    const PtxOperand& operand = instruction.ptx->operands[returns ? 2 : 1];
    return has_any(instruction, {"add"}) && operand.kind == PtxOperand::Kind::immediate && operand.bits == 1;
}

AtomicForm atomic_form(const DecodedInstruction& instruction, bool returns) {
    const bool integer = has_any(instruction, {"u32", "s32", "b32"});
    if (integer && adds_one(instruction, returns)) return AtomicForm::counting;
    if (integer || has_any(instruction, {"cas", "exch"})) return AtomicForm::native;
    return AtomicForm::swap_loop;
}

}  // namespace

MemoryOperation memory_operation_of(const DecodedInstruction& instruction) {
    MemoryOperation result;
    const bool wide = !has_any(instruction, {"cta"});
    switch (instruction.unit) {
        case ExecutionUnit::load: result.cache = load_cache(instruction); break;
        case ExecutionUnit::copy_async:
            if (has_any(instruction, {"ca"})) result.cache = CacheUse::l1;
            break;
        case ExecutionUnit::store: result.fence_before = wide && has_any(instruction, {"release"}); break;
        case ExecutionUnit::atomic:
        case ExecutionUnit::reduction:
            result.atomic = atomic_form(instruction, instruction.unit == ExecutionUnit::atomic);
            result.fence_before = wide && has_any(instruction, {"release", "acq_rel"});
            if (wide && has_any(instruction, {"acquire", "acq_rel"})) result.cache = CacheUse::acquire;
            break;
        default: break;
    }
    return result;
}

bool is_wide_fence(const DecodedInstruction& instruction) {
    return instruction.unit == ExecutionUnit::fence && !has_any(instruction, {"cta"});
}

}  // namespace stcsim
