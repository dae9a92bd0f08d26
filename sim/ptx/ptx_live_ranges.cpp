#include "ptx/ptx_live_ranges.h"

#include <algorithm>

namespace stcsim {
namespace {

/// What the blocks do with each register, and through which blocks its values live.
class Liveness {
  public:
    Liveness(const PtxKernel& kernel, std::span<const PtxBlock> blocks, std::span<const PtxRegisterUse> uses,
             std::size_t registers)
        : kernel_(kernel), blocks_(blocks), uses_(uses), places_(registers), ranges_(registers) {
        collect_places();
        enters_.resize(blocks.size());
        leaves_.resize(blocks.size());
        states_.assign(blocks.size(), {});
        for (std::uint32_t reg = 0; reg < registers; ++reg) spread(reg);
        for (std::uint32_t block = 0; block < blocks.size(); ++block) collect_ranges(block);
        for (auto& ranges : ranges_) join(ranges);
        if (!kernel.functions.empty()) live_through_calls();
    }

    std::vector<std::vector<PtxLiveRange>> take() { return std::move(ranges_); }

  private:
    /// What one block does with one register.
    struct Place {
        std::uint32_t block = 0;
        bool reads_first = false;  ///< reads what was there when the block was entered
        bool writes = false;
        bool replaces = false;  ///< writes for certain
    };
    /// Of the register that is being spread; valid if `reg` is that register, plus one.
    struct State {
        std::uint32_t replaced_for = 0, wanted_for = 0, reached_for = 0, written_for = 0;
    };

    void collect_places() {
        for (std::uint32_t b = 0; b < blocks_.size(); ++b) {
            for (std::uint32_t i = blocks_[b].begin; i < blocks_[b].end; ++i) {
                for (const std::uint32_t reg : uses_[i].reads) {
                    Place& place = place_of(reg, b);
                    if (!place.replaces) place.reads_first = true;
                }
                for (const std::uint32_t reg : uses_[i].writes) {
                    Place& place = place_of(reg, b);
                    place.writes = true;
                    if (!kernel_.instructions[i].guard) place.replaces = true;
                }
            }
        }
    }

    Place& place_of(std::uint32_t reg, std::uint32_t block) {
        if (places_[reg].empty() || places_[reg].back().block != block) places_[reg].push_back({block});
        return places_[reg].back();
    }

    /// Finds the blocks that a register enters with a value that somebody wrote and somebody will read: backward from
    /// the reads to where it is replaced, then forward from the writes.
    void spread(std::uint32_t reg) {
        const std::uint32_t mark = reg + 1;
        std::vector<std::uint32_t> wanted;
        std::vector<std::uint32_t> work;
        const auto want = [&](std::uint32_t block) {
            if (states_[block].wanted_for == mark) return;
            states_[block].wanted_for = mark;
            wanted.push_back(block);
        };
        for (const Place& place : places_[reg]) {
            if (place.replaces) states_[place.block].replaced_for = mark;
        }
        for (const Place& place : places_[reg]) {
            if (place.reads_first) want(place.block);
        }
        for (std::size_t next = 0; next < wanted.size(); ++next) {
            for (const std::uint32_t before : blocks_[wanted[next]].predecessors) {
                if (states_[before].replaced_for != mark) want(before);
            }
        }
        for (const Place& place : places_[reg]) {
            if (place.writes) work.push_back(place.block);
        }
        while (!work.empty()) {
            const std::uint32_t block = work.back();
            work.pop_back();
            bool goes_on = false;
            for (const std::uint32_t after : blocks_[block].successors) {
                if (states_[after].wanted_for != mark) continue;
                goes_on = true;
                if (states_[after].reached_for == mark) continue;
                states_[after].reached_for = mark;
                enters_[after].push_back(reg);
                work.push_back(after);
            }
            if (goes_on && states_[block].written_for != mark) {
                states_[block].written_for = mark;
                leaves_[block].push_back(reg);
            }
        }
    }

    struct Open {
        std::uint32_t reg = 0;
        std::uint32_t end = 0;
        std::uint32_t first_write = 0;  ///< the earliest one seen, going backward, since it was opened
        bool written = false;
    };

    /// The stretches within one block, backward.
    void collect_ranges(std::uint32_t block) {
        const auto [begin, end, successors, predecessors] = blocks_[block];
        open_of_.resize(places_.size(), none);
        for (const std::uint32_t reg : leaves_[block]) open(reg, 2 * end);
        for (std::uint32_t i = end; i-- > begin;) {
            const bool certain = !kernel_.instructions[i].guard;
            for (const std::uint32_t reg : uses_[i].writes) write(reg, 2 * i + 1, certain);
            for (const std::uint32_t reg : uses_[i].reads) open(reg, 2 * i + 1);
        }
        for (const std::uint32_t reg : enters_[block]) {
            if (open_of_[reg] != none) close(reg, 2 * begin);
        }
        while (!opened_.empty()) {
            const Open& left = opened_.back();
            // Read, but written nowhere before: it only takes its place while it is read.
            close(left.reg, left.written ? left.first_write : left.end - 1);
        }
    }

    void open(std::uint32_t reg, std::uint32_t end) {
        if (open_of_[reg] != none) return;
        open_of_[reg] = static_cast<std::uint32_t>(opened_.size());
        opened_.push_back({reg, end, 0, false});
    }

    void write(std::uint32_t reg, std::uint32_t at, bool certain) {
        open(reg, at + 1);
        Open& range = opened_[open_of_[reg]];
        range.first_write = at;
        range.written = true;
        if (certain) close(reg, at);
    }

    void close(std::uint32_t reg, std::uint32_t begin) {
        const std::uint32_t position = open_of_[reg];
        ranges_[reg].push_back({begin, opened_[position].end});
        open_of_[reg] = none;
        if (position + 1 < opened_.size()) {
            opened_[position] = opened_.back();
            open_of_[opened_[position].reg] = position;
        }
        opened_.pop_back();
    }

    /// What is live across a call lives while the functions run that the call may start.
    void live_through_calls() {
        struct Call {
            std::uint32_t at;
            std::vector<bool> active;  ///< by function
        };
        std::vector<Call> calls;
        for (std::uint32_t i = 0; i < kernel_.instructions.size(); ++i) {
            const std::vector<std::uint32_t> callees = kernel_.callees(kernel_.instructions[i]);
            if (callees.empty()) continue;
            Call& call = calls.emplace_back(Call{2 * i + 1, std::vector<bool>(kernel_.functions.size())});
            for (const std::uint32_t callee : callees) {
                call.active[callee] = true;
                for (const std::uint32_t further : kernel_.functions[callee].reachable) call.active[further] = true;
            }
        }
        for (auto& ranges : ranges_) {
            std::vector<bool> active(kernel_.functions.size());
            for (const PtxLiveRange& range : ranges) {
                auto call = std::ranges::upper_bound(calls, range.begin, {}, &Call::at);
                for (; call != calls.end() && call->at < range.end; ++call) {
                    for (std::size_t f = 0; f < active.size(); ++f) active[f] = active[f] || call->active[f];
                }
            }
            for (std::size_t f = 0; f < active.size(); ++f) {
                if (active[f]) ranges.push_back({2 * kernel_.functions[f].first, 2 * kernel_.functions[f].end});
            }
            join(ranges);
        }
    }

    static void join(std::vector<PtxLiveRange>& ranges) {
        std::ranges::sort(ranges, {}, &PtxLiveRange::begin);
        std::size_t kept = 0;
        for (std::size_t i = 1; i < ranges.size(); ++i) {
            if (ranges[i].begin <= ranges[kept].end) {
                ranges[kept].end = std::max(ranges[kept].end, ranges[i].end);
            } else {
                ranges[++kept] = ranges[i];
            }
        }
        if (!ranges.empty()) ranges.resize(kept + 1);
    }

    static constexpr std::uint32_t none = ~0U;

    const PtxKernel& kernel_;
    std::span<const PtxBlock> blocks_;
    std::span<const PtxRegisterUse> uses_;
    std::vector<std::vector<Place>> places_;          ///< by register, in the order of the blocks
    std::vector<std::vector<std::uint32_t>> enters_;  ///< by block: the registers that live when it is entered
    std::vector<std::vector<std::uint32_t>> leaves_;  ///< by block: and when it is left
    std::vector<State> states_;                       ///< by block
    std::vector<Open> opened_;                        ///< stretches whose begin is not known yet
    std::vector<std::uint32_t> open_of_;              ///< by register: which of them, or none
    std::vector<std::vector<PtxLiveRange>> ranges_;
};

}  // namespace

std::vector<std::vector<PtxLiveRange>> live_ranges(const PtxKernel& kernel, std::span<const PtxBlock> blocks,
                                                   std::span<const PtxRegisterUse> uses, std::size_t registers) {
    return Liveness(kernel, blocks, uses, registers).take();
}

}  // namespace stcsim
