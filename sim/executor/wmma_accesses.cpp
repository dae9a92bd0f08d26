#include "executor/wmma_accesses.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <span>

#include "executor/warp_state.h"
#include "executor/wmma_tiles.h"

namespace stcsim {
namespace {

constexpr std::uint32_t row_bytes = 16;  ///< of ldmatrix
constexpr std::uint32_t rows = 8;

/// Offsets of a register's pieces of memory from the matrix, in ascending order.
using Pieces = std::vector<std::uint64_t>;

std::vector<Pieces> pieces_of(const WmmaWalk& walk, const std::uint32_t* stride, std::uint32_t lanes) {
    std::vector<Pieces> registers(walk.tiles.registers(walk.operand));
    walk(stride, lanes, [&](std::uint32_t number, std::uint32_t, std::uint32_t, std::uint64_t offset) {
        registers[number].push_back(offset);
    });
    for (Pieces& pieces : registers) std::ranges::sort(pieces);
    return registers;
}

/// Where stretches of `wanted` bytes begin, if pieces of `bytes` each make up such stretches.
std::optional<Pieces> stretches(std::span<const std::uint64_t> pieces, std::uint32_t bytes, std::uint32_t wanted) {
    if (bytes > wanted || pieces.size() * bytes % wanted != 0) return {};
    const std::size_t each = wanted / bytes;
    Pieces begins;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const std::uint64_t within = i % each * bytes;
        if (within == 0) begins.push_back(pieces[i]);
        if (pieces[i] != begins.back() + within) return {};
    }
    const bool aligned = std::ranges::all_of(begins, [&](std::uint64_t begin) { return begin % wanted == 0; });
    return aligned ? std::optional(std::move(begins)) : std::nullopt;
}

/// Makes accesses at one base address.
class AccessList {
  public:
    AccessList(const StepAccess& step, std::uint64_t base) : step_(step), base_(base) {}

    void add(std::uint32_t first_register, std::uint32_t registers, const Pieces& offsets, std::uint32_t bytes,
             bool row_addresses = false) {
        WmmaAccess one;
        one.first_register = first_register;
        one.registers = registers;
        one.row_addresses = row_addresses;
        one.access.bytes_per_lane = bytes;
        one.access.writes = step_.writes;
        const std::uint32_t lanes = offsets.size() < warp_lanes ? (1U << offsets.size()) - 1U : ~0U;
        one.access.global_lanes = step_.global_lanes != 0 ? lanes : 0;
        one.access.shared_lanes = step_.shared_lanes != 0 ? lanes : 0;
        one.access.local_lanes = step_.local_lanes != 0 ? lanes : 0;
        one.access.param_lanes = step_.param_lanes != 0 ? lanes : 0;
        one.access.addresses.fill(0);
        for (std::size_t lane = 0; lane < std::min<std::size_t>(offsets.size(), warp_lanes); ++lane) {
            one.access.addresses[lane] = base_ + offsets[lane];
        }
        list_.push_back(one);
    }

    [[nodiscard]] std::vector<WmmaAccess> take() { return std::move(list_); }

  private:
    const StepAccess& step_;
    std::uint64_t base_;
    std::vector<WmmaAccess> list_;
};

/// By ldmatrix, of four, two or one registers; false if the rows do not lie so.
bool add_matrices(const std::vector<Pieces>& registers, std::uint32_t bytes, AccessList& list) {
    std::vector<Pieces> matrices;
    for (const Pieces& pieces : registers) {
        const std::optional<Pieces> found = stretches(pieces, bytes, row_bytes);
        if (!found || found->size() != rows) return false;
        matrices.push_back(*found);
    }
    const auto count = static_cast<std::uint32_t>(matrices.size());
    for (std::uint32_t first = 0; first < count;) {
        const std::uint32_t together = std::min(4U, std::bit_floor(count - first));
        Pieces lanes;
        for (std::uint32_t r = first; r < first + together; ++r) {
            lanes.insert(lanes.end(), matrices[r].begin(), matrices[r].end());
        }
        list.add(first, together, lanes, row_bytes, true);
        first += together;
    }
    return true;
}

/// By plain accesses: two registers at once, one, or its pieces one after the other.
void add_registers(const std::vector<Pieces>& registers, std::uint32_t bytes, AccessList& list) {
    for (std::uint32_t r = 0; r < registers.size(); ++r) {
        const auto register_bytes = static_cast<std::uint32_t>(registers[r].size() * bytes / warp_lanes);
        if (register_bytes == 4 && bytes == 4 && r + 1 < registers.size()) {
            Pieces both = registers[r];
            both.insert(both.end(), registers[r + 1].begin(), registers[r + 1].end());
            std::ranges::sort(both);
            if (const auto pairs = stretches(both, bytes, 2 * register_bytes)) {
                list.add(r++, 2, *pairs, 2 * register_bytes);
                continue;
            }
        }
        if (const auto whole = stretches(registers[r], bytes, std::max(register_bytes, bytes))) {
            list.add(r, 1, *whole, std::max(register_bytes, bytes));
            continue;
        }
        for (std::size_t piece = 0; piece < registers[r].size(); piece += warp_lanes) {
            const std::size_t end = std::min(piece + warp_lanes, registers[r].size());
            list.add(r, 1, Pieces(registers[r].begin() + piece, registers[r].begin() + end), bytes);
        }
    }
}

}  // namespace

std::vector<WmmaAccess> wmma_accesses(WarpExecution& warp, const WarpStep& step) {
    if (step.active == 0) return {};
    const DecodedInstruction& instruction = *step.instruction;
    const WmmaWalk walk(instruction);
    const StepAccess& access = step.access;
    const std::uint64_t base = access.addresses[std::countr_zero(step.active)];
    const std::vector<Pieces> registers = pieces_of(walk, warp.state().source(instruction.c), step.active);
    AccessList list(access, base);
    const bool multiplied = walk.operand == Operand::a || walk.operand == Operand::b;
    const bool by_matrices = multiplied && !access.writes && walk.bits >= 8 && walk.bits <= 16 &&
                             instruction.access.space == PtxSpace::shared && base % row_bytes == 0;
    if (!by_matrices || !add_matrices(registers, walk.bytes(), list)) add_registers(registers, walk.bytes(), list);
    return list.take();
}

}  // namespace stcsim
