#include "ptx/ptx_control_flow.h"

#include <algorithm>

namespace stcsim {
namespace {

bool ends_thread(const PtxInstruction& instruction) {
    return instruction.opcode == "ret" || instruction.opcode == "exit" || instruction.opcode == "trap";
}

bool branches(const PtxInstruction& instruction) {
    return instruction.opcode == "bra" || instruction.opcode == "brx";
}

/// Where a branch may go, as instruction numbers, the next instruction not among them unless it is named.
std::vector<std::uint32_t> targets_of(const PtxKernel& kernel, const PtxInstruction& instruction) {
    std::vector<std::uint32_t> targets;
    for (const PtxOperand& operand : instruction.operands) {
        if (operand.kind == PtxOperand::Kind::label) targets.push_back(operand.index);
        if (operand.kind == PtxOperand::Kind::targets) targets = kernel.branch_targets[operand.index];
    }
    return targets;
}

}  // namespace

std::vector<PtxBlock> basic_blocks(const PtxKernel& kernel) {
    const auto count = static_cast<std::uint32_t>(kernel.instructions.size());
    std::vector<bool> leads(count + 1, false);
    leads[0] = leads[count] = true;
    for (const PtxLinkedFunction& function : kernel.functions) leads[function.first] = true;
    for (std::uint32_t i = 0; i < count; ++i) {
        const PtxInstruction& instruction = kernel.instructions[i];
        if (!branches(instruction) && !ends_thread(instruction)) continue;
        leads[i + 1] = true;
        for (const std::uint32_t target : targets_of(kernel, instruction)) leads[target] = true;
    }
    std::vector<PtxBlock> blocks;
    std::vector<std::uint32_t> block_at(count + 1, 0);
    for (std::uint32_t i = 0; i < count; ++i) {
        if (leads[i]) blocks.push_back({i, i, {}, {}});
        blocks.back().end = i + 1;
        block_at[i] = static_cast<std::uint32_t>(blocks.size() - 1);
    }
    for (std::uint32_t b = 0; b < blocks.size(); ++b) {
        const std::uint32_t last = blocks[b].end - 1;
        const PtxInstruction& instruction = kernel.instructions[last];
        std::vector<std::uint32_t> next = targets_of(kernel, instruction);
        const bool leaves = branches(instruction) || ends_thread(instruction);
        if (!leaves || instruction.guard) next.push_back(last + 1);
        for (const std::uint32_t target : next) {
            if (target < count) blocks[b].successors.push_back(block_at[target]);
        }
        std::ranges::sort(blocks[b].successors);
        const auto repeated = std::unique(blocks[b].successors.begin(), blocks[b].successors.end());
        blocks[b].successors.erase(repeated, blocks[b].successors.end());
        for (const std::uint32_t successor : blocks[b].successors) blocks[successor].predecessors.push_back(b);
    }
    return blocks;
}

}  // namespace stcsim
