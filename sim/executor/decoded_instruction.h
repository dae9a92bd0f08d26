/// One instruction, decoded: what executes it, where its operands lie, and what a model of its time needs to know.
#pragma once

#include <cstdint>
#include <span>

#include "isa/mma_instruction.h"
#include "ptx/ptx_module.h"

namespace stcsim {

class WarpExecution;
struct DecodedInstruction;

/// What kind of work an instruction is.
enum class ExecutionUnit : std::uint8_t {
    integer,  ///< integer and bit operations, moves, comparisons and selections of integers, predicates
    f32,
    f16,
    f64,               ///< arithmetic and comparisons; f16 is also bf16 and the packed pairs
    conversion,        ///< cvt between types
    special_function,  ///< rcp, sqrt, rsqrt, ex2, lg2, sin, cos, tanh
    mma,               ///< mma, mma.sp, wmma.mma
    load_matrix,       ///< ldmatrix
    load,
    store,      ///< ld, st, wmma.load, wmma.store: `space`
    atomic,     ///< atom: with a result
    reduction,  ///< red: without
    copy_async,
    commit_group,
    wait_group,
    barrier,    ///< of the CTA: bar, barrier
    warp_sync,  ///< bar.warp.sync
    shuffle,    ///< shfl, movmatrix
    vote,       ///< vote, match, activemask, redux
    branch,
    fence,  ///< fence, membar
    none,   ///< hints: prefetch, createpolicy, nanosleep
    call,   ///< vprintf, __assertfail
    function_call,
    function_return,
    trap,
    exit,
};

/// Where the lanes of an operand lie: words from the start of the warp's registers, or, with the highest bit set, of
/// the kernel's constants. Of a predicate: its number, with the highest bit set if it is negated.
struct OperandPlace {
    static constexpr std::uint32_t high_bit = 0x80000000U;
    static constexpr std::uint32_t absent = ~0U;

    std::uint32_t place = absent;

    [[nodiscard]] bool present() const { return place != absent; }
};

/// Which lanes must have arrived before a warp-wide instruction executes.
enum class WarpWide : std::uint8_t {
    no,
    all_lanes,    ///< every lane that has not ended
    named_lanes,  ///< those of the member mask operand
};

using InstructionHandler = void (*)(WarpExecution& warp, const DecodedInstruction& instruction, std::uint32_t lanes);

/// What sort of memory access an instruction makes, if any.
struct AccessShape {
    PtxSpace space = PtxSpace::generic;
    std::uint8_t element_bytes = 0;  ///< 0: no access
    std::uint8_t elements = 1;       ///< of a vector
    bool writes = false;
    bool strong = false;  ///< volatile, relaxed, acquire, release, atomic: not a data race

    [[nodiscard]] std::uint32_t bytes_per_lane() const { return std::uint32_t{element_bytes} * elements; }
};

struct DecodedInstruction {
    InstructionHandler handler = nullptr;
    const PtxInstruction* ptx = nullptr;  ///< line, source line, opcode as written
    ExecutionUnit unit = ExecutionUnit::none;
    WarpWide warp_wide = WarpWide::no;
    bool reads_clock = false;
    bool call_parameter = false;  ///< ld, st: of a parameter or result of a call, which the machine keeps in registers
    /// Whether whoever follows the definedness of registers leaves it to the handler.
    bool tracks_definedness = false;
    OperandPlace guard{0};               ///< predicate; 0 is always true
    OperandPlace d, d2;                  ///< destinations; d2: the predicate of setp, shfl
    OperandPlace a, b, c, e;             ///< sources, in the order of PTX
    OperandPlace p;                      ///< predicate source of selp, setp.and, bar.red, ...
    std::span<const OperandPlace> list;  ///< vectors: ld, st; mma: D, A, B, C, E
    AccessShape access;
    std::int64_t offset = 0;         ///< of the memory operand, whose base is `a`
    std::int64_t second_offset = 0;  ///< cp.async: of the source, whose base is `b`
    bool wide_address = true;        ///< the base has 64 bits
    bool wide_source = true;
    std::uint32_t target = 0;     ///< branch: instruction number; function_call: entry of DecodedKernel::calls()
    std::uint32_t immediate = 0;  ///< what the family says: pending groups, shuffle mode, lop3 table, ...
    std::uint16_t variant = 0;    ///< what the family says
    PtxType type = PtxType::b32;
    PtxType second_type = PtxType::b32;
    // mma. wmma.mma is a sequence of machine instructions.
    const MmaInstruction* mma = nullptr;  ///< an element of mma_instructions()
    std::uint8_t selector = 0;
    std::uint8_t machine_instructions = 1;
    std::uint8_t matrices = 0;  ///< ldmatrix: 1, 2 or 4
    bool transposed = false;    ///< ldmatrix
    /// Kernel registers (indices into PtxKernel::registers) read and written, the guard among those read.
    std::span<const std::uint32_t> reads, writes;
};

}  // namespace stcsim
