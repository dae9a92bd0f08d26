/// The order in which diverged lanes run, and where the paths from a branch meet.
///
/// Blocks are numbered so that, loops aside, each comes after all from which control reaches it, and the blocks of a
/// loop are neighbours (a weak topological order: F. Bourdoncle, "Efficient chaotic iteration strategies with
/// widenings", 1993). Lanes at the smallest number run first; so they cannot pass the place where others join, and
/// lanes that have left a loop wait behind it.
#include <algorithm>
#include <utility>

#include "executor/instruction_decoder.h"

namespace stcsim {
namespace {

constexpr std::uint32_t none = ~0U;

struct Block {
    std::uint32_t first = 0;
    std::uint32_t end = 0;  ///< one past the last instruction
    std::vector<std::uint32_t> successors;
};

bool ends_block(const DecodedInstruction& instruction) {
    return instruction.unit == ExecutionUnit::branch || instruction.unit == ExecutionUnit::exit ||
           instruction.unit == ExecutionUnit::trap || instruction.unit == ExecutionUnit::function_return;
}

class Graph {
  public:
    Graph(std::span<const DecodedInstruction> instructions, std::uint32_t first) : block_of_(instructions.size()) {
        const auto count = static_cast<std::uint32_t>(instructions.size());
        std::vector<bool> begins(count + 1, false);
        begins[0] = true;
        for (std::uint32_t i = 0; i < count; ++i) {
            if (ends_block(instructions[i])) begins[i + 1] = true;
            if (instructions[i].unit == ExecutionUnit::branch) begins[instructions[i].target - first] = true;
        }
        for (std::uint32_t i = 0; i < count; ++i) {
            if (begins[i]) blocks.push_back({i, i, {}});
            block_of_[i] = static_cast<std::uint32_t>(blocks.size() - 1);
            blocks.back().end = i + 1;
        }
        for (Block& block : blocks) {
            const DecodedInstruction& last = instructions[block.end - 1];
            const bool always = last.guard.place == 0;
            if (last.unit == ExecutionUnit::branch) block.successors.push_back(block_of_[last.target - first]);
            if (block.end < count && !(ends_block(last) && always)) block.successors.push_back(block_of_[block.end]);
        }
    }

    [[nodiscard]] std::uint32_t block_of(std::uint32_t instruction) const { return block_of_[instruction]; }

    std::vector<Block> blocks;

  private:
    std::vector<std::uint32_t> block_of_;
};

/// Strongly connected components of a part of the graph, each before those from which control reaches it. Tarjan's
/// algorithm without recursion: a kernel may have tens of thousands of blocks.
class Components {
  public:
    Components(const Graph& graph, const std::vector<std::uint32_t>& part, std::uint32_t part_number,
               const std::vector<std::uint32_t>& part_of)
        : graph_(&graph),
          part_of_(&part_of),
          part_number_(part_number),
          index_(graph.blocks.size(), none),
          low_(graph.blocks.size(), none),
          open_(graph.blocks.size(), false) {
        for (const std::uint32_t block : part) {
            if (index_[block] == none) visit(block);
        }
    }

    std::vector<std::vector<std::uint32_t>> found;

  private:
    struct Frame {
        std::uint32_t block;
        std::size_t next;
    };

    void open(std::uint32_t block) {
        index_[block] = low_[block] = counter_++;
        open_[block] = true;
        stack_.push_back(block);
        frames_.push_back({block, 0});
    }

    void close(std::uint32_t block) {
        if (low_[block] != index_[block]) return;
        std::vector<std::uint32_t>& component = found.emplace_back();
        do {
            component.push_back(stack_.back());
            open_[stack_.back()] = false;
            stack_.pop_back();
        } while (component.back() != block);
        std::sort(component.begin(), component.end());
    }

    void visit(std::uint32_t start) {
        open(start);
        while (!frames_.empty()) {
            Frame& frame = frames_.back();
            const std::uint32_t block = frame.block;
            const auto& successors = graph_->blocks[block].successors;
            if (frame.next < successors.size()) {
                const std::uint32_t next = successors[frame.next++];
                if ((*part_of_)[next] != part_number_) continue;
                if (index_[next] == none) {
                    open(next);
                } else if (open_[next]) {
                    low_[block] = std::min(low_[block], index_[next]);
                }
                continue;
            }
            frames_.pop_back();
            if (!frames_.empty()) low_[frames_.back().block] = std::min(low_[frames_.back().block], low_[block]);
            close(block);
        }
    }

    const Graph* graph_;
    const std::vector<std::uint32_t>* part_of_;
    std::uint32_t part_number_;
    std::uint32_t counter_ = 0;
    std::vector<std::uint32_t> index_, low_;
    std::vector<bool> open_;
    std::vector<std::uint32_t> stack_;
    std::vector<Frame> frames_;
};

/// Blocks in a weak topological order.
class BlockOrder {
  public:
    explicit BlockOrder(const Graph& graph) : graph_(&graph), part_of_(graph.blocks.size(), 0) {
        std::vector<std::uint32_t> all(graph.blocks.size());
        for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
        arrange(all, 0);
    }

    std::vector<std::uint32_t> blocks;

  private:
    /// Each level of nesting loses at least its loop's header, but deep nests of nonsense must not exhaust the stack.
    static constexpr std::uint32_t deepest = 100;

    void arrange(const std::vector<std::uint32_t>& part, std::uint32_t depth) {
        const Components components(*graph_, part, part_of_[part.front()], part_of_);
        for (auto component = components.found.rbegin(); component != components.found.rend(); ++component) {
            blocks.push_back(component->front());
            if (component->size() == 1) continue;
            const std::vector<std::uint32_t> rest(component->begin() + 1, component->end());
            if (depth == deepest) {
                blocks.insert(blocks.end(), rest.begin(), rest.end());
                continue;
            }
            part_of_[component->front()] = none;
            ++parts_;
            for (const std::uint32_t block : rest) part_of_[block] = parts_;
            arrange(rest, depth + 1);
        }
    }

    const Graph* graph_;
    std::vector<std::uint32_t> part_of_;
    std::uint32_t parts_ = 0;
};

/// Immediate post-dominators of all blocks; the block behind the last means the end.
/// K. Cooper, T. Harvey, K. Kennedy, "A simple, fast dominance algorithm", on the reversed graph.
std::vector<std::uint32_t> post_dominators(const Graph& graph) {
    const auto end = static_cast<std::uint32_t>(graph.blocks.size());
    std::vector<std::vector<std::uint32_t>> predecessors(end + 1);
    for (std::uint32_t block = 0; block < end; ++block) {
        for (const std::uint32_t next : graph.blocks[block].successors) predecessors[next].push_back(block);
        if (graph.blocks[block].successors.empty()) predecessors[end].push_back(block);
    }
    std::vector<std::uint32_t> number(end + 1, none);  // in postorder from the end
    std::vector<std::uint32_t> order;
    std::vector<std::pair<std::uint32_t, std::size_t>> frames{{end, 0}};
    std::vector<bool> seen(end + 1, false);
    seen[end] = true;
    while (!frames.empty()) {
        auto& [block, next] = frames.back();
        if (next < predecessors[block].size()) {
            const std::uint32_t before = predecessors[block][next++];
            if (!seen[before]) frames.emplace_back(before, 0);
            seen[before] = true;
            continue;
        }
        number[block] = static_cast<std::uint32_t>(order.size());
        order.push_back(block);
        frames.pop_back();
    }
    std::vector<std::uint32_t> meets(end + 1, none);
    meets[end] = end;
    const auto common = [&](std::uint32_t a, std::uint32_t b) {
        while (a != b) {
            while (number[a] < number[b]) a = meets[a];
            while (number[b] < number[a]) b = meets[b];
        }
        return a;
    };
    for (bool changed = true; changed;) {
        changed = false;
        for (auto at = order.rbegin(); at != order.rend(); ++at) {
            if (*at == end) continue;
            std::uint32_t meet = graph.blocks[*at].successors.empty() ? end : none;
            for (const std::uint32_t next : graph.blocks[*at].successors) {
                if (meets[next] != none) meet = meet == none ? next : common(meet, next);
            }
            changed = changed || meet != meets[*at];
            meets[*at] = meet;
        }
    }
    return meets;
}

}  // namespace

ControlFlow analyse_control_flow(std::span<const DecodedInstruction> instructions, std::uint32_t first) {
    const Graph graph(instructions, first);
    ControlFlow flow;
    flow.priorities.resize(instructions.size());
    std::uint32_t next = first;
    for (const std::uint32_t block : BlockOrder(graph).blocks) {
        for (std::uint32_t i = graph.blocks[block].first; i < graph.blocks[block].end; ++i) flow.priorities[i] = next++;
    }
    const std::vector<std::uint32_t> meets = post_dominators(graph);
    const auto last = static_cast<std::uint32_t>(instructions.size() - 1);
    flow.reconvergence.assign(instructions.size(), first + last);
    for (std::uint32_t i = 0; i < instructions.size(); ++i) {
        const std::uint32_t block = graph.block_of(i);
        if (i + 1 < graph.blocks[block].end) {
            flow.reconvergence[i] = first + i + 1;
        } else if (meets[block] < graph.blocks.size()) {
            flow.reconvergence[i] = first + graph.blocks[meets[block]].first;
        }
    }
    return flow;
}

}  // namespace stcsim
