/// The order in which an assembler would lay out a basic block: list scheduling by critical path.
///
/// A machine that issues in order waits wherever an operand is missing, so that instructions whose results others wait
/// for long go first and others fill the gaps, as long as there are registers. Source of the method: Gibbons and
/// Muchnick, "Efficient Instruction Scheduling for a Pipelined Architecture", SIGPLAN '86; with a limit on the
/// registers in use as in Goodman and Hsu, "Code Scheduling and Register Allocation in Large Basic Blocks", ICS '88.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace stcsim {

/// Which instruction must come later, and how many cycles after the issue of the one before it at least to lose none.
struct BlockDependence {
    std::uint32_t instruction;
    std::uint32_t cycles;
};

/// An instruction of a basic block, as far as its place in the order matters.
struct BlockInstruction {
    std::uint32_t slots = 1;                   ///< issue cycles; 0: it costs nothing
    std::uint32_t unit = 0;                    ///< that takes it; 0: none in particular
    std::uint32_t interval = 1;                ///< cycles until the unit takes another one
    std::vector<BlockDependence> dependents;   ///< all further down in the text
    std::vector<std::uint32_t> reads, writes;  ///< registers of the block, each once
};

/// A register that instructions of the block name.
struct BlockRegister {
    std::uint32_t words = 1;
    bool predicate = false;  ///< in a register file of its own
    bool live_before = false;
    bool live_after = false;
};

struct BlockGraph {
    std::vector<BlockInstruction> instructions;  ///< in the order of the text
    std::vector<BlockRegister> registers;
    std::uint32_t words_through = 0;  ///< that live through the block without being named in it
};

/// Registers of a thread.
struct RegisterCounts {
    std::uint32_t words = 0;
    std::uint32_t predicates = 0;
};

/// Numbers of the instructions, first to last: every dependent comes after what it depends on. Needs no more registers
/// than `limit` or the text's order does, whichever is more, and takes no longer than the text's order by
/// issue_cycles().
std::vector<std::uint32_t> list_schedule(const BlockGraph& block, const RegisterCounts& limit);

/// When the last instruction has issued if one warp issues them in this order.
std::uint64_t issue_cycles(const BlockGraph& block, std::span<const std::uint32_t> order);

/// Most registers in use at once in this order.
RegisterCounts most_live(const BlockGraph& block, std::span<const std::uint32_t> order);

}  // namespace stcsim
