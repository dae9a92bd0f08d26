#include "ptx_timing/list_schedule.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"

namespace stcsim {
namespace {

/// Registers in use while the block is laid out, instruction by instruction.
class LiveRegisters {
  public:
    explicit LiveRegisters(const BlockGraph& block)
        : block_(block), unread_(block.registers.size()), live_(block.registers.size()) {
        for (const BlockInstruction& instruction : block.instructions) {
            for (const std::uint32_t r : instruction.reads) ++unread_[r];
        }
        now_.words = block.words_through;
        for (std::uint32_t r = 0; r < live_.size(); ++r) {
            if (block.registers[r].live_before) start(r);
        }
        most_ = now_;
    }

    [[nodiscard]] const RegisterCounts& now() const { return now_; }
    [[nodiscard]] const RegisterCounts& most() const { return most_; }

    /// What is in use once `instruction` is the next: what it reads for the last time makes room for what it writes.
    [[nodiscard]] RegisterCounts after(const BlockInstruction& instruction) const {
        RegisterCounts counts = now_;
        for (const std::uint32_t r : instruction.reads) {
            if (live_[r] && is_last_read(r)) remove(r, counts);
        }
        for (const std::uint32_t r : instruction.writes) {
            const bool freed = std::ranges::find(instruction.reads, r) != instruction.reads.end() && is_last_read(r);
            if (!live_[r] || freed) add(r, counts);
        }
        return counts;
    }

    void place(const BlockInstruction& instruction) {
        for (const std::uint32_t r : instruction.reads) {
            const bool last = is_last_read(r);
            --unread_[r];
            if (live_[r] && last) end(r);
        }
        for (const std::uint32_t r : instruction.writes) {
            if (!live_[r]) start(r);
        }
        most_.words = std::max(most_.words, now_.words);
        most_.predicates = std::max(most_.predicates, now_.predicates);
        for (const std::uint32_t r : instruction.writes) {
            if (unread_[r] == 0 && !block_.registers[r].live_after) end(r);
        }
    }

  private:
    [[nodiscard]] bool is_last_read(std::uint32_t r) const {
        return unread_[r] == 1 && !block_.registers[r].live_after;
    }
    void add(std::uint32_t r, RegisterCounts& counts) const {
        const BlockRegister& one = block_.registers[r];
        (one.predicate ? counts.predicates : counts.words) += one.words;
    }
    void remove(std::uint32_t r, RegisterCounts& counts) const {
        const BlockRegister& one = block_.registers[r];
        (one.predicate ? counts.predicates : counts.words) -= one.words;
    }
    void start(std::uint32_t r) {
        live_[r] = true;
        add(r, now_);
    }
    void end(std::uint32_t r) {
        live_[r] = false;
        remove(r, now_);
    }

    const BlockGraph& block_;
    std::vector<std::uint32_t> unread_;  ///< instructions still to come that read it
    std::vector<bool> live_;
    RegisterCounts now_, most_;
};

/// When instructions can issue, given those before them.
class IssueTimes {
  public:
    explicit IssueTimes(const BlockGraph& block) : block_(block), operands_(block.instructions.size()) {}

    [[nodiscard]] std::uint64_t now() const { return now_; }
    void advance_to(std::uint64_t cycle) { now_ = std::max(now_, cycle); }

    /// The first cycle in which operands and unit are there.
    [[nodiscard]] std::uint64_t earliest(std::uint32_t number) const {
        const std::uint32_t unit = block_.instructions[number].unit;
        const std::uint64_t free = unit == 0 || unit >= unit_free_.size() ? 0 : unit_free_[unit];
        return std::max(operands_[number], free);
    }

    /// At now(), or when it can.
    void issue(std::uint32_t number) {
        const BlockInstruction& instruction = block_.instructions[number];
        if (instruction.slots > 0) advance_to(earliest(number));
        if (instruction.unit >= unit_free_.size()) unit_free_.resize(instruction.unit + 1);
        unit_free_[instruction.unit] = now_ + instruction.interval;
        // What costs nothing does not wait either: its dependents wait for its operands.
        const std::uint64_t begin = std::max(now_, operands_[number]);
        for (const BlockDependence& dependent : instruction.dependents) {
            std::uint64_t& ready = operands_[dependent.instruction];
            ready = std::max(ready, begin + dependent.cycles);
        }
        now_ += instruction.slots;
    }

  private:
    const BlockGraph& block_;
    std::vector<std::uint64_t> operands_;   ///< per instruction: when the last of them is there
    std::vector<std::uint64_t> unit_free_;  ///< per unit
    std::uint64_t now_ = 0;
};

class ListScheduler {
  public:
    ListScheduler(const BlockGraph& block, const RegisterCounts& limit)
        : block_(block),
          limit_(limit),
          live_(block),
          times_(block),
          path_(block.instructions.size()),
          unplaced_before_(block.instructions.size()) {
        for (std::size_t i = block.instructions.size(); i-- > 0;) {
            path_[i] = block.instructions[i].slots;
            for (const BlockDependence& dependent : block.instructions[i].dependents) {
                STCSIM_ASSERT(dependent.instruction > i);
                path_[i] = std::max(path_[i], path_[dependent.instruction] + dependent.cycles);
                ++unplaced_before_[dependent.instruction];
            }
        }
        for (std::uint32_t i = 0; i < unplaced_before_.size(); ++i) {
            if (unplaced_before_[i] == 0) candidates_.push_back(i);
        }
    }

    std::vector<std::uint32_t> run() {
        while (!candidates_.empty()) place(choose());
        return std::move(order_);
    }

  private:
    [[nodiscard]] bool fits(std::uint32_t number) const {
        const RegisterCounts after = live_.after(block_.instructions[number]);
        return (after.words <= limit_.words || after.words <= live_.now().words) &&
               (after.predicates <= limit_.predicates || after.predicates <= live_.now().predicates);
    }

    /// Of those that can issue now and have registers, the one with the longest path behind it. If there is none, of
    /// those that have registers, the one that can issue first; if there is none, the first of the text.
    std::uint32_t choose() {
        std::vector<std::uint32_t> fitting;
        std::ranges::copy_if(candidates_, std::back_inserter(fitting), [&](std::uint32_t i) { return fits(i); });
        if (fitting.empty()) return *std::ranges::min_element(candidates_);
        std::uint64_t first = ~std::uint64_t{0};
        for (const std::uint32_t i : fitting) first = std::min(first, std::max(times_.now(), times_.earliest(i)));
        times_.advance_to(first);
        const auto preferred = [&](std::uint32_t a, std::uint32_t b) {
            return path_[a] != path_[b] ? path_[a] > path_[b] : a < b;
        };
        std::erase_if(fitting, [&](std::uint32_t i) { return times_.earliest(i) > times_.now(); });
        return *std::ranges::min_element(fitting, preferred);
    }

    void place(std::uint32_t number) {
        order_.push_back(number);
        std::erase(candidates_, number);
        live_.place(block_.instructions[number]);
        times_.issue(number);
        for (const BlockDependence& dependent : block_.instructions[number].dependents) {
            if (--unplaced_before_[dependent.instruction] == 0) candidates_.push_back(dependent.instruction);
        }
    }

    const BlockGraph& block_;
    RegisterCounts limit_;
    LiveRegisters live_;
    IssueTimes times_;
    std::vector<std::uint64_t> path_;  ///< cycles from the issue of each to the end of the block, at best
    std::vector<std::uint32_t> unplaced_before_;
    std::vector<std::uint32_t> candidates_;  ///< whose turn it can be
    std::vector<std::uint32_t> order_;
};

}  // namespace

std::uint64_t issue_cycles(const BlockGraph& block, std::span<const std::uint32_t> order) {
    IssueTimes times(block);
    for (const std::uint32_t number : order) times.issue(number);
    return times.now();
}

RegisterCounts most_live(const BlockGraph& block, std::span<const std::uint32_t> order) {
    LiveRegisters live(block);
    for (const std::uint32_t number : order) live.place(block.instructions[number]);
    return live.most();
}

std::vector<std::uint32_t> list_schedule(const BlockGraph& block, const RegisterCounts& limit) {
    std::vector<std::uint32_t> text(block.instructions.size());
    std::iota(text.begin(), text.end(), 0U);
    const RegisterCounts in_text = most_live(block, text);
    const RegisterCounts allowed{.words = std::max(limit.words, in_text.words),
                                 .predicates = std::max(limit.predicates, in_text.predicates)};
    std::vector<std::uint32_t> best = text;
    std::uint64_t best_cycles = issue_cycles(block, text);
    // What was begun may need more registers than it has been given: give fewer at first, then.
    for (const std::uint32_t spare : {0U, 1U, 2U, 4U, 8U, 16U, 32U}) {
        if (spare > allowed.words) break;
        const RegisterCounts given{.words = allowed.words - spare,
                                   .predicates = allowed.predicates - std::min(spare, allowed.predicates)};
        std::vector<std::uint32_t> order = ListScheduler(block, given).run();
        STCSIM_ASSERT(order.size() == text.size());
        const RegisterCounts needed = most_live(block, order);
        if (needed.words > allowed.words || needed.predicates > allowed.predicates) continue;
        const std::uint64_t cycles = issue_cycles(block, order);
        if (cycles > best_cycles || (cycles == best_cycles && best != text)) continue;
        best = std::move(order);
        best_cycles = cycles;
    }
    return best;
}

}  // namespace stcsim
