#include "ptx_timing/register_assignment.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "ptx_timing/register_liveness.h"

namespace stcsim {
namespace {

constexpr std::uint32_t least_registers = 16;     ///< what ptxas gives a kernel at least
constexpr std::uint32_t predicate_registers = 7;  ///< P0 to P6
constexpr std::uint32_t absent = ~0U;

std::uint32_t words_of(PtxType type) {
    return bytes_of(type) > 4 ? 2 : 1;
}

/// Registers in groups whose numbers have fixed distances: joined by copies (distance 0), or side by side in a vector.
class RegisterGroups {
  public:
    RegisterGroups(const DecodedKernel& kernel, std::vector<RegisterBits> interference)
        : kernel_(kernel),
          interference_(std::move(interference)),
          group_(interference_.size()),
          offset_(interference_.size()),
          members_(interference_.size()) {
        std::iota(group_.begin(), group_.end(), 0U);
        for (std::uint32_t r = 0; r < members_.size(); ++r) members_[r] = {r};
    }

    [[nodiscard]] const std::vector<std::uint32_t>& members_of(std::uint32_t r) const { return members_[group_[r]]; }
    [[nodiscard]] std::int32_t offset(std::uint32_t r) const { return offset_[r]; }
    [[nodiscard]] std::uint32_t group(std::uint32_t r) const { return group_[r]; }
    [[nodiscard]] const RegisterBits& interference(std::uint32_t r) const { return interference_[r]; }
    [[nodiscard]] std::uint32_t words(std::uint32_t r) const { return words_of(kernel_.ptx().registers[r].type); }

    /// Puts `second` `distance` numbers behind `first`, with both groups, unless registers that are live together would
    /// overlap then, or they are placed otherwise already.
    void join(std::uint32_t first, std::uint32_t second, std::int32_t distance) {
        const std::uint32_t kept = group_[first];
        const std::uint32_t moved = group_[second];
        if (kept == moved) return;
        const std::int32_t shift = offset_[first] + distance - offset_[second];
        for (const std::uint32_t a : members_[kept]) {
            for (const std::uint32_t b : members_[moved]) {
                if (overlap(a, offset_[a], b, offset_[b] + shift) && interference_[a].contains(b)) return;
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
    [[nodiscard]] bool overlap(std::uint32_t a, std::int32_t at_a, std::uint32_t b, std::int32_t at_b) const {
        return at_a < at_b + static_cast<std::int32_t>(words(b)) && at_b < at_a + static_cast<std::int32_t>(words(a));
    }

    const DecodedKernel& kernel_;
    std::vector<RegisterBits> interference_;
    std::vector<std::uint32_t> group_;
    std::vector<std::int32_t> offset_;
    std::vector<std::vector<std::uint32_t>> members_;
};

bool is_predicate(const DecodedKernel& kernel, std::uint32_t r) {
    return kernel.ptx().registers[r].type == PtxType::pred;
}

void join_vectors(const DecodedKernel& kernel, RegisterGroups& groups) {
    for (const DecodedInstruction& instruction : kernel.instructions()) {
        if (instruction.ptx == nullptr) continue;
        for (const PtxOperand& operand : instruction.ptx->operands) {
            if (operand.kind != PtxOperand::Kind::vector || instruction.ptx->opcode == "mov") continue;
            for (std::size_t i = 1; i < operand.elements.size(); ++i) {
                const PtxOperand& before = operand.elements[i - 1];
                const PtxOperand& element = operand.elements[i];
                if (before.kind != PtxOperand::Kind::reg || element.kind != PtxOperand::Kind::reg) continue;
                groups.join(before.index, element.index, static_cast<std::int32_t>(groups.words(before.index)));
            }
        }
    }
}

void join_copies(const DecodedKernel& kernel, RegisterGroups& groups) {
    for (const DecodedInstruction& instruction : kernel.instructions()) {
        const std::optional<RegisterCopy> copy = copy_of(instruction);
        if (!copy || is_predicate(kernel, copy->to) || is_predicate(kernel, copy->from)) continue;
        if (groups.words(copy->to) == groups.words(copy->from)) groups.join(copy->from, copy->to, 0);
    }
}

/// Registers in the order in which the code first writes or reads them.
std::vector<std::uint32_t> in_order_of_use(const DecodedKernel& kernel) {
    std::vector<std::uint32_t> order;
    std::vector<bool> seen(kernel.ptx().registers.size());
    for (const DecodedInstruction& instruction : kernel.instructions()) {
        for (const auto list : {instruction.writes, instruction.reads}) {
            for (const std::uint32_t r : list) {
                if (!seen[r]) order.push_back(r);
                seen[r] = true;
            }
        }
    }
    return order;
}

class Colouring {
  public:
    Colouring(const DecodedKernel& kernel, const RegisterGroups& groups)
        : kernel_(kernel), groups_(groups), first_(kernel.ptx().registers.size(), absent) {}

    RegisterAssignment colour() {
        std::vector<bool> done(first_.size());
        for (const std::uint32_t r : in_order_of_use(kernel_)) {
            if (done[groups_.group(r)]) continue;
            done[groups_.group(r)] = true;
            place_group(r);
        }
        RegisterAssignment result;
        result.registers_per_thread = std::clamp(used_, least_registers, std::uint32_t{255});
        for (std::uint32_t r = 0; r < first_.size(); ++r) {
            RegisterRange range;
            if (first_[r] != absent) {
                range = {static_cast<std::uint8_t>(first_[r]),
                         static_cast<std::uint8_t>(is_predicate(kernel_, r) ? 1 : groups_.words(r))};
            }
            result.ranges.push_back(range);
        }
        return result;
    }

  private:
    void place_group(std::uint32_t r) {
        const auto& members = groups_.members_of(r);
        if (is_predicate(kernel_, r)) {
            place_predicate(r);
            return;
        }
        std::int32_t least = groups_.offset(r);
        std::int32_t end = least;
        std::uint32_t alignment = 1;
        for (const std::uint32_t member : members) {
            least = std::min(least, groups_.offset(member));
            end = std::max(end, groups_.offset(member) + static_cast<std::int32_t>(groups_.words(member)));
            alignment = std::max(alignment, groups_.words(member));
        }
        const auto width = static_cast<std::uint32_t>(end - least);
        if (width >= 4) alignment = 4;
        if (width == 2) alignment = 2;
        std::uint32_t base = 0;
        while (base + width <= first_predicate_number && !free_at(members, base, least)) base += alignment;
        // Without room it shares the lowest numbers: a spill, whose traffic is not modelled.
        if (base + width > first_predicate_number) base = 0;
        for (const std::uint32_t member : members) {
            first_[member] = base + static_cast<std::uint32_t>(groups_.offset(member) - least);
            first_[member] = std::min(first_[member], first_predicate_number - groups_.words(member));
        }
        used_ = std::max(used_, base + width);
    }

    /// Whether no member would meet, at its place, a placed register that it interferes with.
    [[nodiscard]] bool free_at(const std::vector<std::uint32_t>& members, std::uint32_t base,
                               std::int32_t least) const {
        return std::ranges::all_of(members, [&](std::uint32_t member) {
            const std::uint32_t at = base + static_cast<std::uint32_t>(groups_.offset(member) - least);
            const std::uint32_t words = groups_.words(member);
            bool free = true;
            groups_.interference(member).for_each([&](std::uint32_t other) {
                if (first_[other] == absent || is_predicate(kernel_, other)) return;
                free &= at >= first_[other] + groups_.words(other) || first_[other] >= at + words;
            });
            return free;
        });
    }

    void place_predicate(std::uint32_t r) {
        std::array<bool, predicate_registers> taken{};
        groups_.interference(r).for_each([&](std::uint32_t other) {
            if (first_[other] != absent && is_predicate(kernel_, other)) {
                taken[first_[other] - first_predicate_number] = true;
            }
        });
        const auto free = static_cast<std::uint32_t>(std::ranges::find(taken, false) - taken.begin());
        first_[r] = first_predicate_number + free % predicate_registers;
    }

    const DecodedKernel& kernel_;
    const RegisterGroups& groups_;
    std::vector<std::uint32_t> first_;  ///< number per kernel register
    std::uint32_t used_ = 0;
};

}  // namespace

RegisterAssignment assign_registers(const DecodedKernel& kernel) {
    RegisterGroups groups(kernel, interference_of(kernel));
    join_vectors(kernel, groups);
    join_copies(kernel, groups);
    RegisterAssignment result = Colouring(kernel, groups).colour();
    if (kernel.ptx().max_registers != 0) {
        result.registers_per_thread = std::min(result.registers_per_thread, kernel.ptx().max_registers);
    }
    return result;
}

}  // namespace stcsim
