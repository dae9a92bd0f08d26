#include "ptx_timing/register_liveness.h"

#include <algorithm>

namespace stcsim {
namespace {

/// Instructions that may follow the one with this number.
struct Successors {
    std::uint32_t count = 0;
    std::uint32_t number[2]{};
};

Successors successors_of(const DecodedKernel& kernel, std::uint32_t number) {
    const DecodedInstruction& instruction = kernel.instructions()[number];
    const bool last = number + 1 == kernel.instructions().size();
    const bool guarded = instruction.guard.place != 0;
    const bool leaves = instruction.unit == ExecutionUnit::exit || instruction.unit == ExecutionUnit::trap;
    Successors result;
    if (instruction.unit == ExecutionUnit::branch) result.number[result.count++] = instruction.target;
    if (!last && (guarded || (instruction.unit != ExecutionUnit::branch && !leaves))) {
        result.number[result.count++] = number + 1;
    }
    return result;
}

/// Registers live before `instruction`, given those live after it.
void step_back(const DecodedInstruction& instruction, RegisterBits& live) {
    if (instruction.guard.place == 0) {
        for (const std::uint32_t r : instruction.writes) live.erase(r);
    }
    for (const std::uint32_t r : instruction.reads) live.insert(r);
}

/// A run of instructions that is entered only at its start and left only at its end.
struct Block {
    std::uint32_t first;
    std::uint32_t last;  ///< inclusive
    RegisterBits live_in;
};

class Liveness {
  public:
    explicit Liveness(const DecodedKernel& kernel)
        : kernel_(kernel), block_of_(kernel.instructions().size()), registers_(kernel.ptx().registers.size()) {
        find_blocks();
        iterate();
    }

    [[nodiscard]] const std::vector<Block>& blocks() const { return blocks_; }

    [[nodiscard]] RegisterBits live_out(const Block& block) const {
        RegisterBits live(registers_);
        const Successors next = successors_of(kernel_, block.last);
        for (std::uint32_t i = 0; i < next.count; ++i) live.merge(blocks_[block_of_[next.number[i]]].live_in);
        return live;
    }

  private:
    void find_blocks() {
        const auto count = static_cast<std::uint32_t>(kernel_.instructions().size());
        std::vector<bool> starts(count + 1);
        starts[0] = true;
        for (std::uint32_t i = 0; i < count; ++i) {
            const Successors next = successors_of(kernel_, i);
            if (next.count == 1 && next.number[0] == i + 1) continue;
            starts[i + 1] = true;
            for (std::uint32_t s = 0; s < next.count; ++s) starts[next.number[s]] = true;
        }
        for (std::uint32_t i = 0; i < count; ++i) {
            if (starts[i]) blocks_.push_back({i, i, RegisterBits(registers_)});
            blocks_.back().last = i;
            block_of_[i] = static_cast<std::uint32_t>(blocks_.size() - 1);
        }
    }

    void iterate() {
        // Backwards over the blocks until nothing changes: few rounds, as loops nest only so deep.
        bool changed = true;
        while (changed) {
            changed = false;
            for (auto block = blocks_.rbegin(); block != blocks_.rend(); ++block) {
                RegisterBits live = live_out(*block);
                for (std::uint32_t i = block->last + 1; i-- > block->first;) step_back(kernel_.instructions()[i], live);
                changed |= block->live_in.merge(live);
            }
        }
    }

    const DecodedKernel& kernel_;
    std::vector<Block> blocks_;
    std::vector<std::uint32_t> block_of_;
    std::size_t registers_;
};

}  // namespace

std::optional<RegisterCopy> copy_of(const DecodedInstruction& instruction) {
    if (instruction.ptx == nullptr || instruction.ptx->opcode != "mov" || instruction.guard.place != 0) return {};
    const auto& operands = instruction.ptx->operands;
    if (operands.size() != 2 || operands[0].kind != PtxOperand::Kind::reg ||
        operands[1].kind != PtxOperand::Kind::reg) {
        return {};
    }
    return RegisterCopy{.to = operands[0].index, .from = operands[1].index};
}

std::vector<RegisterBits> interference_of(const DecodedKernel& kernel) {
    const std::size_t registers = kernel.ptx().registers.size();
    std::vector<RegisterBits> result(registers, RegisterBits(registers));
    const Liveness liveness(kernel);
    for (const Block& block : liveness.blocks()) {
        RegisterBits live = liveness.live_out(block);
        for (std::uint32_t i = block.last + 1; i-- > block.first;) {
            const DecodedInstruction& instruction = kernel.instructions()[i];
            const std::optional<RegisterCopy> copy = copy_of(instruction);
            for (const std::uint32_t written : instruction.writes) {
                RegisterBits others = live;
                others.erase(written);
                if (copy) others.erase(copy->from);
                for (const std::uint32_t together : instruction.writes) {
                    if (together != written) others.insert(together);
                }
                result[written].merge(others);
            }
            step_back(instruction, live);
        }
    }
    // The relation is symmetric, and was noted at one of the two definitions only.
    for (std::uint32_t r = 0; r < registers; ++r) {
        result[r].for_each([&](std::uint32_t other) { result[other].insert(r); });
    }
    return result;
}

}  // namespace stcsim
