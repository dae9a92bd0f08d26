#include "ptx_timing/folded_instructions.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "ptx/ptx_control_flow.h"

namespace stcsim {
namespace {

using Kind = PtxOperand::Kind;

/// Where a register is written and read.
struct RegisterPlaces {
    std::vector<std::uint32_t> writes;     ///< instructions, in order
    std::vector<std::uint32_t> addresses;  ///< that have it as the base of an address and nothing else
    std::vector<std::uint32_t> values;     ///< that read it otherwise
};

/// A sum or product of a register and a constant.
struct AddressStep {
    std::uint32_t from = PtxOperand::none;  ///< register
    bool scales = false;
};

class AddressFolding {
  public:
    explicit AddressFolding(const DecodedKernel& kernel)
        : ptx_(kernel.ptx()),
          instructions_(kernel.instructions()),
          places_(ptx_.registers.size()),
          block_end_(ptx_.instructions.size()),
          last_use_(ptx_.instructions.size()),
          scalable_(ptx_.instructions.size()),
          folded_(instructions_.size()) {
        for (const PtxBlock& block : basic_blocks(ptx_)) {
            for (std::uint32_t i = block.begin; i < block.end; ++i) block_end_[i] = block.end;
        }
        for (std::uint32_t i = 0; i < ptx_.instructions.size(); ++i) collect(i);
    }

    std::vector<bool> run() {
        // Backwards: whether a sum is part of addresses depends on the sums behind it.
        for (std::size_t i = ptx_.instructions.size(); i-- > 0;) fold(static_cast<std::uint32_t>(i));
        return std::move(folded_);
    }

  private:
    void collect(std::uint32_t number) {
        const DecodedInstruction& instruction = instructions_[number];
        for (const std::uint32_t r : instruction.writes) places_[r].writes.push_back(number);
        for (const std::uint32_t r : instruction.reads) {
            const auto as_base = [&](const PtxOperand& operand) {
                return operand.kind == Kind::memory && operand.index == r && operand.elements.empty();
            };
            const auto& operands = instruction.ptx->operands;
            const bool only_base = std::ranges::count(instruction.reads, r) == std::ranges::count_if(operands, as_base);
            (only_base ? places_[r].addresses : places_[r].values).push_back(number);
        }
    }

    [[nodiscard]] bool is_constant(const PtxOperand& operand) const {
        if (operand.kind == Kind::immediate) return true;
        if (operand.kind != Kind::reg || places_[operand.index].writes.size() != 1) return false;
        const PtxInstruction& source = ptx_.instructions[places_[operand.index].writes.front()];
        return source.opcode == "mov" && !source.guard && source.operands.size() == 2 &&
               (source.operands[1].kind == Kind::immediate || source.operands[1].kind == Kind::variable);
    }

    [[nodiscard]] std::optional<AddressStep> step_of(const DecodedInstruction& instruction) const {
        const PtxInstruction& ptx = *instruction.ptx;
        const auto& operands = ptx.operands;
        if (ptx.guard || operands.size() != 3 || operands[0].kind != Kind::reg) return {};
        const bool is_sum = ptx.opcode == "add" && instruction.unit == ExecutionUnit::integer;
        if (is_sum && std::ranges::find(ptx.modifiers, "cc") == ptx.modifiers.end()) {
            for (const std::size_t constant : {std::size_t{2}, std::size_t{1}}) {
                const PtxOperand& other = operands[3 - constant];
                if (other.kind == Kind::reg && is_constant(operands[constant])) return AddressStep{other.index, false};
            }
        }
        const bool shifts = ptx.opcode == "shl" && operands[1].kind == Kind::reg && operands[2].kind == Kind::immediate;
        if (shifts && operands[2].bits >= 2 && operands[2].bits <= 4) return AddressStep{operands[1].index, true};
        return {};
    }

    void fold(std::uint32_t number) {
        const std::optional<AddressStep> step = step_of(instructions_[number]);
        if (!step) return;
        const RegisterPlaces& result = places_[instructions_[number].ptx->operands[0].index];
        if (result.writes.size() != 1 || (result.addresses.empty() && result.values.empty())) return;
        std::uint32_t last = number;
        bool scalable = true;
        for (const std::uint32_t use : result.addresses) {
            const DecodedInstruction& user = instructions_[use];
            scalable &= user.access.space == PtxSpace::shared &&
                        (user.unit == ExecutionUnit::load || user.unit == ExecutionUnit::store);
            if (!is_behind(use, number)) return;
            last = std::max(last, use);
        }
        for (const std::uint32_t use : result.values) {
            if (!folded_[use] || !is_behind(use, number)) return;
            scalable &= scalable_[use];
            last = std::max(last, last_use_[use]);
        }
        const bool overwritten = std::ranges::any_of(
            places_[step->from].writes, [&](std::uint32_t write) { return write > number && write < last; });
        if (overwritten || (step->scales && !scalable)) return;
        folded_[number] = true;
        last_use_[number] = last;
        scalable_[number] = scalable && !step->scales;
    }

    /// In the same block, further down.
    [[nodiscard]] bool is_behind(std::uint32_t use, std::uint32_t number) const {
        return use > number && use < block_end_[number];
    }

    const PtxKernel& ptx_;
    std::span<const DecodedInstruction> instructions_;
    std::vector<RegisterPlaces> places_;    ///< by register
    std::vector<std::uint32_t> block_end_;  ///< per instruction
    std::vector<std::uint32_t> last_use_;   ///< of folded ones: the last memory instruction they are part of
    std::vector<bool> scalable_;            ///< of folded ones: all those are LDS or STS, and none multiplies yet
    std::vector<bool> folded_;
};

void fold_branches(std::span<const DecodedInstruction> instructions, std::vector<bool>& folded) {
    const auto is_branch = [&](std::size_t i) { return instructions[i].unit == ExecutionUnit::branch; };
    const auto goes_to = [&](std::size_t i, std::size_t target) {
        return is_branch(i) && instructions[i].ptx->opcode == "bra" && instructions[i].target == target;
    };
    std::vector<bool> targeted(instructions.size() + 1);
    for (std::size_t i = 0; i < instructions.size(); ++i) {
        // An indirect branch may go anywhere.
        if (is_branch(i) && instructions[i].ptx->opcode != "bra") return;
        if (is_branch(i)) targeted[instructions[i].target] = true;
    }
    for (std::size_t i = 0; i + 1 < instructions.size(); ++i) {
        if (goes_to(i, i + 1)) folded[i] = true;
        const bool over_branch = instructions[i].ptx->guard && goes_to(i, i + 2);
        if (over_branch && is_branch(i + 1) && !instructions[i + 1].ptx->guard && !targeted[i + 1])
            folded[i + 1] = true;
    }
}

}  // namespace

std::vector<bool> folded_instructions(const DecodedKernel& kernel) {
    std::vector<bool> folded = AddressFolding(kernel).run();
    fold_branches(kernel.instructions(), folded);
    return folded;
}

std::vector<PtxRegisterUse> machine_register_uses(const DecodedKernel& kernel, const std::vector<bool>& folded) {
    const auto instructions = kernel.instructions();
    std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> sources;  // of what a folded instruction writes
    std::vector<PtxRegisterUse> uses;
    uses.reserve(instructions.size());
    for (std::size_t i = 0; i < instructions.size(); ++i) {
        const DecodedInstruction& instruction = instructions[i];
        PtxRegisterUse use;
        use.writes.assign(instruction.writes.begin(), instruction.writes.end());
        for (const std::uint32_t r : instruction.reads) {
            const auto folded_away = sources.find(r);
            if (folded_away == sources.end()) {
                use.reads.push_back(r);
            } else {
                std::ranges::copy(folded_away->second, std::back_inserter(use.reads));
            }
        }
        if (folded[i] && instruction.unit != ExecutionUnit::branch) {
            // It is written once, and read in this block only, further down.
            for (const std::uint32_t r : use.writes) sources[r] = use.reads;
            use = {};
        }
        uses.push_back(std::move(use));
    }
    return uses;
}

}  // namespace stcsim
