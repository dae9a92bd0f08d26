#include "ptx_timing/register_assignment.h"

#include <algorithm>
#include <numeric>

#include "ptx/ptx_control_flow.h"
#include "ptx/ptx_live_ranges.h"

namespace stcsim {
namespace {

constexpr std::uint32_t predicate_registers = 7;  ///< P0 to P6

std::uint32_t words_of(PtxType type) {
    return bytes_of(type) > 4 ? 2 : 1;
}

using LiveRanges = std::vector<PtxLiveRange>;

bool overlap(const LiveRanges& a, const LiveRanges& b) {
    auto one = a.begin();
    auto other = b.begin();
    while (one != a.end() && other != b.end()) {
        if (one->begin < other->end && other->begin < one->end) return true;
        (one->end < other->end ? one : other)++;
    }
    return false;
}

/// Registers in groups whose numbers have fixed distances: joined by copies (distance 0), or side by side in a vector.
class RegisterGroups {
  public:
    RegisterGroups(const PtxKernel& kernel, std::vector<LiveRanges> live)
        : kernel_(kernel), live_(std::move(live)), group_(live_.size()), offset_(live_.size()), members_(live_.size()) {
        std::iota(group_.begin(), group_.end(), 0U);
        for (std::uint32_t r = 0; r < members_.size(); ++r) members_[r] = {r};
    }

    [[nodiscard]] const std::vector<std::uint32_t>& members_of(std::uint32_t r) const { return members_[group_[r]]; }
    [[nodiscard]] std::int32_t offset(std::uint32_t r) const { return offset_[r]; }
    [[nodiscard]] std::uint32_t group(std::uint32_t r) const { return group_[r]; }
    [[nodiscard]] const LiveRanges& live(std::uint32_t r) const { return live_[r]; }
    [[nodiscard]] std::uint32_t words(std::uint32_t r) const { return words_of(kernel_.registers[r].type); }

    /// Puts `second` `distance` numbers behind `first`, with both groups, unless registers that are live together would
    /// overlap then, or they are placed otherwise already.
    void join(std::uint32_t first, std::uint32_t second, std::int32_t distance) {
        const std::uint32_t kept = group_[first];
        const std::uint32_t moved = group_[second];
        if (kept == moved) return;
        const std::int32_t shift = offset_[first] + distance - offset_[second];
        for (const std::uint32_t a : members_[kept]) {
            for (const std::uint32_t b : members_[moved]) {
                if (meet(a, offset_[a], b, offset_[b] + shift) && overlap(live_[a], live_[b])) return;
            }
        }
        for (const std::uint32_t b : members_[moved]) {
            group_[b] = kept;
            offset_[b] += shift;
            members_[kept].push_back(b);
        }
        members_[moved].clear();
    }

  private:
    [[nodiscard]] bool meet(std::uint32_t a, std::int32_t at_a, std::uint32_t b, std::int32_t at_b) const {
        return at_a < at_b + static_cast<std::int32_t>(words(b)) && at_b < at_a + static_cast<std::int32_t>(words(a));
    }

    const PtxKernel& kernel_;
    std::vector<LiveRanges> live_;
    std::vector<std::uint32_t> group_;
    std::vector<std::int32_t> offset_;
    std::vector<std::vector<std::uint32_t>> members_;
};

bool is_predicate(const PtxKernel& kernel, std::uint32_t r) {
    return kernel.registers[r].type == PtxType::pred;
}

void join_vectors(const PtxKernel& kernel, RegisterGroups& groups) {
    for (const PtxInstruction& instruction : kernel.instructions) {
        for (const PtxOperand& operand : instruction.operands) {
            if (operand.kind != PtxOperand::Kind::vector || instruction.opcode == "mov") continue;
            for (std::size_t i = 1; i < operand.elements.size(); ++i) {
                const PtxOperand& before = operand.elements[i - 1];
                const PtxOperand& element = operand.elements[i];
                if (before.kind != PtxOperand::Kind::reg || element.kind != PtxOperand::Kind::reg) continue;
                groups.join(before.index, element.index, static_cast<std::int32_t>(groups.words(before.index)));
            }
        }
    }
}

void join_copies(const PtxKernel& kernel, RegisterGroups& groups) {
    for (const PtxInstruction& instruction : kernel.instructions) {
        const std::optional<RegisterCopy> copy = copy_of(instruction);
        if (!copy || is_predicate(kernel, copy->to) || is_predicate(kernel, copy->from)) continue;
        if (groups.words(copy->to) == groups.words(copy->from)) groups.join(copy->from, copy->to, 0);
    }
}

/// Registers in the order in which the code first writes or reads them.
std::vector<std::uint32_t> in_order_of_use(const PtxKernel& kernel, std::span<const PtxRegisterUse> uses) {
    std::vector<std::uint32_t> order;
    std::vector<bool> seen(kernel.registers.size());
    for (const PtxRegisterUse& use : uses) {
        for (const auto* list : {&use.writes, &use.reads}) {
            for (const std::uint32_t r : *list) {
                if (!seen[r]) order.push_back(r);
                seen[r] = true;
            }
        }
    }
    return order;
}

/// Gives groups their numbers, one after the other: the lowest that are free while their members live.
class Numbering {
  public:
    Numbering(const PtxKernel& kernel, const RegisterGroups& groups)
        : kernel_(kernel), groups_(groups), holders_(first_predicate_number + predicate_registers) {
        ranges_.resize(kernel.registers.size());
    }

    void place_group(std::uint32_t r) {
        const auto& members = groups_.members_of(r);
        if (is_predicate(kernel_, r)) {
            place({r}, lowest_free({r}, 0, first_predicate_number, first_predicate_number + predicate_registers, 1), 0);
            return;
        }
        std::int32_t least = groups_.offset(r);
        std::int32_t end = least;
        for (const std::uint32_t member : members) {
            least = std::min(least, groups_.offset(member));
            end = std::max(end, groups_.offset(member) + static_cast<std::int32_t>(groups_.words(member)));
        }
        const auto width = static_cast<std::uint32_t>(end - least);
        // Machine instructions take pairs from an even number on and four from a multiple of four.
        const std::uint32_t alignment = width > 2 ? 4 : width;
        place(members, lowest_free(members, least, 0, first_predicate_number - width + 1, alignment), least);
    }

    [[nodiscard]] std::vector<RegisterRange> ranges() && { return std::move(ranges_); }

  private:
    /// Without room, `first`: registers share numbers then, a spill whose traffic is not modelled.
    [[nodiscard]] std::uint32_t lowest_free(const std::vector<std::uint32_t>& members, std::int32_t least,
                                            std::uint32_t first, std::uint32_t end, std::uint32_t alignment) const {
        for (std::uint32_t base = first; base < end; base += alignment) {
            if (is_free(members, least, base)) return base;
        }
        return first;
    }

    [[nodiscard]] bool is_free(const std::vector<std::uint32_t>& members, std::int32_t least,
                               std::uint32_t base) const {
        return std::ranges::all_of(members, [&](std::uint32_t member) {
            const std::uint32_t at = base + static_cast<std::uint32_t>(groups_.offset(member) - least);
            for (std::uint32_t number = at; number < at + width_of(member); ++number) {
                for (const std::uint32_t holder : holders_[number]) {
                    if (overlap(groups_.live(holder), groups_.live(member))) return false;
                }
            }
            return true;
        });
    }

    void place(const std::vector<std::uint32_t>& members, std::uint32_t base, std::int32_t least) {
        for (const std::uint32_t member : members) {
            const std::uint32_t at = base + static_cast<std::uint32_t>(groups_.offset(member) - least);
            ranges_[member] = {static_cast<std::uint8_t>(at), static_cast<std::uint8_t>(width_of(member))};
            for (std::uint32_t number = at; number < at + width_of(member); ++number)
                holders_[number].push_back(member);
        }
    }

    [[nodiscard]] std::uint32_t width_of(std::uint32_t r) const {
        return is_predicate(kernel_, r) ? 1 : groups_.words(r);
    }

    const PtxKernel& kernel_;
    const RegisterGroups& groups_;
    std::vector<RegisterRange> ranges_;
    std::vector<std::vector<std::uint32_t>> holders_;  ///< per number
};

}  // namespace

std::optional<RegisterCopy> copy_of(const PtxInstruction& instruction) {
    const auto& operands = instruction.operands;
    if (instruction.opcode != "mov" || instruction.guard || operands.size() != 2) return {};
    if (operands[0].kind != PtxOperand::Kind::reg || operands[1].kind != PtxOperand::Kind::reg) return {};
    return RegisterCopy{.to = operands[0].index, .from = operands[1].index};
}

RegisterAssignment assign_registers(const PtxKernel& kernel, std::span<const PtxRegisterUse> uses) {
    const std::vector<PtxBlock> blocks = basic_blocks(kernel);
    RegisterGroups groups(kernel, live_ranges(kernel, blocks, uses, kernel.registers.size()));
    join_vectors(kernel, groups);
    join_copies(kernel, groups);

    Numbering numbering(kernel, groups);
    std::vector<bool> placed(kernel.registers.size());
    for (const std::uint32_t r : in_order_of_use(kernel, uses)) {
        if (placed[groups.group(r)]) continue;
        placed[groups.group(r)] = true;
        numbering.place_group(r);
    }
    RegisterAssignment result;
    result.ranges = std::move(numbering).ranges();
    return result;
}

}  // namespace stcsim
