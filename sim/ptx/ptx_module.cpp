#include "ptx/ptx_module.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/message_text.h"
#include "base/near_names.h"

namespace stcsim {
namespace {

std::uint64_t aligned(std::uint64_t offset, std::uint64_t alignment) {
    return (offset + alignment - 1) / alignment * alignment;
}

}  // namespace

std::uint32_t bytes_of(PtxType type) {
    switch (type) {
        case PtxType::pred:
        case PtxType::b8:
        case PtxType::u8:
        case PtxType::s8: return 1;
        case PtxType::b16:
        case PtxType::u16:
        case PtxType::s16:
        case PtxType::f16:
        case PtxType::bf16: return 2;
        case PtxType::b32:
        case PtxType::u32:
        case PtxType::s32:
        case PtxType::f16x2:
        case PtxType::bf16x2:
        case PtxType::tf32:
        case PtxType::f32: return 4;
        case PtxType::b64:
        case PtxType::u64:
        case PtxType::s64:
        case PtxType::f64: return 8;
        case PtxType::b128: return 16;
    }
    STCSIM_ASSERT(false);
}

std::string PtxInstruction::name() const {
    std::string whole = opcode;
    for (const std::string& modifier : modifiers) {
        whole += '.';
        whole += modifier;
    }
    return whole;
}

std::vector<std::uint32_t> PtxKernel::callees(const PtxInstruction& call) const {
    std::vector<std::uint32_t> found;
    if (call.opcode != "call" || call.operands.size() < 2) return found;
    const PtxOperand& callee = call.operands[1];
    const bool indirect = callee.kind == PtxOperand::Kind::reg;
    for (std::uint32_t i = 0; i < functions.size(); ++i) {
        if (indirect ? functions[i].address_taken : functions[i].function == callee.index) found.push_back(i);
    }
    return found;
}

std::uint64_t PtxKernel::parameter_bytes() const {
    std::uint64_t end = 0;
    for (const PtxVariable& parameter : parameters) end = aligned(end, parameter.alignment) + parameter.bytes;
    return end;
}

std::uint64_t PtxKernel::parameter_offset(const PtxVariable& parameter) const {
    std::uint64_t end = 0;
    for (const PtxVariable& other : parameters) {
        end = aligned(end, other.alignment);
        if (other.name == parameter.name) return end;
        end += other.bytes;
    }
    STCSIM_ASSERT(false);
}

const PtxKernel& PtxModule::kernel(const std::string& wanted) const {
    std::vector<std::string> known;
    for (const auto& candidate : kernels) {
        if (candidate->name == wanted) return *candidate;
        known.push_back(candidate->name);
    }
    std::vector<std::string> nearest = near_names(wanted, known);
    if (nearest.empty()) nearest.assign(known.begin(), known.begin() + std::min<std::ptrdiff_t>(3, std::ssize(known)));
    throw InputError(
        {name}, fmt::format("no kernel {}", quoted_for_message(wanted)),
        known.empty() ? "a module with kernels" : fmt::format("for instance {}", fmt::join(nearest, ", ")));
}

std::string PtxModule::source_text(PtxSourceLine line) const {
    const auto file = files.find(line.file);
    if (line.line == 0 || file == files.end()) return {};
    return fmt::format("{}:{}", file->second, line.line);
}

}  // namespace stcsim
