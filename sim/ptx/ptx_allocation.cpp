#include "ptx/ptx_allocation.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "ptx/ptx_control_flow.h"
#include "ptx/ptx_live_ranges.h"
#include "ptx/ptx_register_use.h"

namespace stcsim {
namespace {

using Kind = PtxOperand::Kind;

constexpr std::uint32_t least_count = 16;
/// What the calling convention keeps apart: ptxas 13.0 gives every kernel that calls something at least as many.
constexpr std::uint32_t least_count_with_calls = 24;
constexpr std::uint32_t predicates = 7;      // P0 to P6; P7 is always true
constexpr std::uint32_t reserved_first = 1;  // the stack pointer, which every kernel loads

/// What a register's value is, if it is not one of its own.
struct Value {
    std::uint32_t writes = 0;
    std::uint32_t same_as = PtxOperand::none;  ///< a copy of this register, which is written before it in the text
    bool constant = false;
};

// Of instructions with two operands:

/// Loads part of a parameter of the kernel, rather than a result of a call.
bool loads_parameter(const PtxKernel& kernel, const PtxInstruction& instruction) {
    const PtxOperand& address = instruction.operands[1];
    const auto is_it = [&](const PtxVariable& parameter) { return &parameter == address.variable; };
    return instruction.opcode == "ld" && address.kind == Kind::memory &&
           std::ranges::find(instruction.modifiers, "param") != instruction.modifiers.end() &&
           std::ranges::any_of(kernel.parameters, is_it);
}

/// `mov` or `cvta` to a single register.
bool moves(const PtxInstruction& instruction) {
    return (instruction.opcode == "mov" || instruction.opcode == "cvta") && instruction.operands[0].kind == Kind::reg;
}

bool moves_constant(const PtxInstruction& instruction) {
    const Kind kind = instruction.operands[1].kind;
    return moves(instruction) && (kind == Kind::immediate || kind == Kind::variable);
}

bool is_copy(const PtxInstruction& instruction) {
    return moves(instruction) && instruction.operands[1].kind == Kind::reg && !instruction.operands[1].negated;
}

/// By register; those written once by a copy, a constant or a parameter are not values of their own.
std::vector<Value> values_of(const PtxKernel& kernel, std::span<const PtxRegisterUse> uses) {
    std::vector<Value> values(kernel.registers.size());
    for (const PtxRegisterUse& use : uses) {
        for (const std::uint32_t reg : use.writes) ++values[reg].writes;
    }
    std::vector<bool> written(values.size(), false);
    for (std::size_t i = 0; i < uses.size(); ++i) {
        const PtxInstruction& instruction = kernel.instructions[i];
        for (const std::uint32_t reg : uses[i].writes) {
            Value& value = values[reg];
            written[reg] = true;
            if (value.writes != 1 || instruction.guard || instruction.operands.size() != 2) continue;
            const PtxOperand& source = instruction.operands[1];
            if (loads_parameter(kernel, instruction) || moves_constant(instruction)) {
                value.constant = true;
            } else if (is_copy(instruction) && values[source.index].writes == 1 && written[source.index] &&
                       source.index != reg && kernel.registers[source.index].type != PtxType::pred &&
                       bytes_of(kernel.registers[source.index].type) == bytes_of(kernel.registers[reg].type)) {
                const Value& original = values[source.index];
                value.same_as = original.same_as == PtxOperand::none ? source.index : original.same_as;
                value.constant = original.constant;
            }
        }
    }
    return values;
}

/// The uses with every copy replaced by what it is a copy of, and without constants.
std::vector<PtxRegisterUse> of_values(std::span<const PtxRegisterUse> uses, std::span<const Value> values) {
    std::vector<PtxRegisterUse> result(uses.size());
    for (std::size_t i = 0; i < uses.size(); ++i) {
        for (const std::uint32_t reg : uses[i].reads) {
            if (values[reg].constant) continue;
            result[i].reads.push_back(values[reg].same_as == PtxOperand::none ? reg : values[reg].same_as);
        }
        for (const std::uint32_t reg : uses[i].writes) {
            if (!values[reg].constant && values[reg].same_as == PtxOperand::none) result[i].writes.push_back(reg);
        }
    }
    return result;
}

std::uint32_t machine_registers(PtxType type) {
    return std::max(bytes_of(type) / 4, 1U);
}

/// Stretches that one machine register holds.
class Occupied {
  public:
    [[nodiscard]] bool is_free(std::span<const PtxLiveRange> ranges) const {
        for (const PtxLiveRange& range : ranges) {
            const auto after = std::ranges::upper_bound(held_, range.begin, {}, &PtxLiveRange::end);
            if (after != held_.end() && after->begin < range.end) return false;
        }
        return true;
    }

    void hold(std::span<const PtxLiveRange> ranges) {
        const auto middle = held_.insert(held_.end(), ranges.begin(), ranges.end());
        std::inplace_merge(held_.begin(), middle, held_.end(),
                           [](const PtxLiveRange& a, const PtxLiveRange& b) { return a.begin < b.begin; });
    }

  private:
    std::vector<PtxLiveRange> held_;  ///< in order
};

/// The first place of `width` aligned free registers, from `first` on; `limit` if there is none below that.
std::uint32_t free_place(std::span<const Occupied> file, std::span<const PtxLiveRange> ranges, std::uint32_t first,
                         std::uint32_t width, std::uint32_t limit) {
    for (std::uint32_t place = (first + width - 1) / width * width; place + width <= limit; place += width) {
        const auto registers = file.subspan(place, width);
        if (std::ranges::all_of(registers, [&](const Occupied& one) { return one.is_free(ranges); })) return place;
    }
    return limit;
}

/// Gives registers places in the order in which their values appear.
class Scan {
  public:
    Scan(const PtxKernel& kernel, std::uint32_t limit) : kernel_(kernel), limit_(limit), file_(limit) {
        allocation_.first.assign(kernel.registers.size(), RegisterAllocation::no_register);
    }

    RegisterAllocation run(const std::vector<std::vector<PtxLiveRange>>& ranges) {
        std::vector<std::uint32_t> order;
        for (std::uint32_t reg = 0; reg < ranges.size(); ++reg) {
            if (!ranges[reg].empty()) order.push_back(reg);
        }
        std::ranges::stable_sort(order, {}, [&](std::uint32_t reg) { return ranges[reg].front().begin; });
        for (const std::uint32_t reg : order) {
            if (kernel_.registers[reg].type == PtxType::pred) {
                place_predicate(reg, ranges[reg]);
            } else {
                place(reg, ranges[reg]);
            }
        }
        const bool calls =
            std::ranges::find(kernel_.instructions, "call", &PtxInstruction::opcode) != kernel_.instructions.end();
        const std::uint32_t least = calls ? least_count_with_calls : least_count;
        allocation_.count = std::max(allocation_.exceeds_limit ? limit_ : used_, std::min(least, limit_));
        return std::move(allocation_);
    }

  private:
    void place(std::uint32_t reg, std::span<const PtxLiveRange> ranges) {
        const std::uint32_t width = machine_registers(kernel_.registers[reg].type);
        std::uint32_t first = free_place(file_, ranges, reserved_first, width, limit_);
        if (first == limit_) {
            allocation_.exceeds_limit = true;
            first = shared_place(width);
        } else {
            for (Occupied& one : std::span(file_).subspan(first, width)) one.hold(ranges);
        }
        used_ = std::max(used_, first + width);
        allocation_.first[reg] = static_cast<std::uint16_t>(first);
    }

    /// One place after the other for those that have to share.
    std::uint32_t shared_place(std::uint32_t width) {
        const std::uint32_t places = limit_ / width;
        next_shared_ = (next_shared_ + 1) % places;
        return next_shared_ * width;
    }

    /// Surplus predicates, which the machine would keep in registers, share too.
    void place_predicate(std::uint32_t reg, std::span<const PtxLiveRange> ranges) {
        std::uint32_t first = free_place(predicate_file_, ranges, 0, 1, predicates);
        if (first == predicates) {
            first = next_shared_predicate_ = (next_shared_predicate_ + 1) % predicates;
        } else {
            predicate_file_[first].hold(ranges);
        }
        allocation_.first[reg] = static_cast<std::uint16_t>(first);
    }

    const PtxKernel& kernel_;
    std::uint32_t limit_;
    std::vector<Occupied> file_;
    std::vector<Occupied> predicate_file_{predicates};
    std::uint32_t next_shared_ = 0;
    std::uint32_t next_shared_predicate_ = 0;
    std::uint32_t used_ = reserved_first;
    RegisterAllocation allocation_;
};

}  // namespace

RegisterAllocation allocate_registers(const PtxKernel& kernel, std::uint32_t most) {
    std::vector<PtxRegisterUse> uses;
    uses.reserve(kernel.instructions.size());
    for (const PtxInstruction& instruction : kernel.instructions) uses.push_back(registers_of(instruction));
    const std::vector<Value> values = values_of(kernel, uses);
    uses = of_values(uses, values);
    const std::vector<PtxBlock> blocks = basic_blocks(kernel);
    const auto ranges = live_ranges(kernel, blocks, uses, kernel.registers.size());
    const std::uint32_t limit = kernel.max_registers == 0 ? most : std::min(most, kernel.max_registers);
    RegisterAllocation allocation = Scan(kernel, std::max(limit, least_count)).run(ranges);
    for (std::uint32_t reg = 0; reg < values.size(); ++reg) {
        if (values[reg].same_as != PtxOperand::none) allocation.first[reg] = allocation.first[values[reg].same_as];
    }
    return allocation;
}

}  // namespace stcsim
