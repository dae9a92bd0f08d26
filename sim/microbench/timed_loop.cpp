#include "microbench/timed_loop.h"

#include <algorithm>
#include <map>

#include "base/error.h"

namespace stcsim {
namespace {

constexpr std::uint32_t first_operand = 8;  ///< registers below are the counter and addresses
constexpr std::uint32_t all_lanes = 0xFFFFFFFF;
constexpr RegisterRange loop_counter{0, 1};

/// Where the operands of all `ilp` instructions are: A, B, E, then C, each kind together and C on a multiple of four,
/// as the register allocation of the compiler has vectors.
struct Registers {
    std::uint32_t a, b, e, c, end;

    Registers(const MmaInstruction& mma, std::uint32_t ilp)
        : a(first_operand),
          b(a + ilp * mma.a_registers()),
          e(b + ilp * mma.b_registers()),
          c(round_up(e + ilp * mma.e_registers(), 4U)),
          end(c + ilp * mma.c_registers()) {}
};

RegisterRange range(std::uint32_t first, std::uint32_t count) {
    return {static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(count)};
}

/// Lane l at l x stride. Lives as long as the program.
const LaneOffsets* strided_lanes(std::uint64_t stride) {
    static std::map<std::uint64_t, LaneOffsets> known;
    const auto [entry, is_new] = known.try_emplace(stride);
    if (is_new) {
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) entry->second[lane] = lane * stride;
    }
    return &entry->second;
}

WarpInstruction plain(OperationClass operation) {
    WarpInstruction instruction;
    instruction.operation = operation;
    return instruction;
}

WarpInstruction arithmetic_on(RegisterRange destination, RegisterRange source) {
    WarpInstruction instruction = plain(OperationClass::arithmetic);
    instruction.destination = destination;
    instruction.a = source;
    return instruction;
}

/// Loads of the registers [first, end) of this warp's fragments, 128 bytes each, from a place of their own.
void load_fragments(std::vector<WarpInstruction>& program, std::uint32_t first, std::uint32_t end, std::uint32_t warp) {
    constexpr std::uint64_t bytes = std::uint64_t{4} * warp_lanes;
    for (std::uint32_t r = first; r < end; ++r) {
        WarpInstruction load = plain(OperationClass::load_global);
        load.destination = range(r, 1);
        load.global = {.base = (std::uint64_t{warp} * 256 + r) * bytes,
                       .offsets = strided_lanes(4),
                       .active = all_lanes,
                       .bytes_per_lane = 4};
        program.push_back(load);
    }
}

/// Packs what was loaded into registers [first, end): an instruction for each element but the first.
void pack_fragments(std::vector<WarpInstruction>& program, std::uint32_t first, std::uint32_t end,
                    std::uint32_t element_bits) {
    constexpr std::uint32_t least_load_bits = 8;
    const std::uint32_t loads = 32 / std::max(element_bits, least_load_bits);
    for (std::uint32_t r = first; loads > 1 && r < end; ++r) {
        WarpInstruction pack = arithmetic_on(range(r, 1), range(r, 1));
        pack.unit = ArithmeticUnit::integer;
        program.insert(program.end(), loads - 1, pack);
    }
}

std::vector<WarpInstruction> mma_instructions_of(const MmaInstruction& mma, std::uint32_t ilp) {
    const Registers registers(mma, ilp);
    std::vector<WarpInstruction> body;
    for (std::uint32_t i = 0; i < ilp; ++i) {
        WarpInstruction instruction = plain(OperationClass::mma);
        instruction.mma = &mma;
        instruction.a = range(registers.a + i * mma.a_registers(), mma.a_registers());
        instruction.b = range(registers.b + i * mma.b_registers(), mma.b_registers());
        instruction.e = range(registers.e + i * mma.e_registers(), mma.e_registers());
        instruction.c = range(registers.c + i * mma.c_registers(), mma.c_registers());
        instruction.destination = instruction.c;
        body.push_back(instruction);
    }
    return body;
}

std::vector<WarpInstruction> loads_of(const MicrobenchSubject& subject, std::uint32_t ilp) {
    std::vector<WarpInstruction> body;
    for (std::uint32_t i = 0; i < ilp; ++i) {
        WarpInstruction load = plain(subject.load);
        load.destination = range(first_operand + i * subject.registers, subject.registers);
        load.a = range(first_operand + i * subject.registers, 1);  // the address: the last load's result
        const bool matrices = subject.load == OperationClass::load_matrix;
        load.shared = {.offsets = strided_lanes(matrices ? 16 : 4 * subject.conflict_ways),
                       .active = matrices ? all_lanes >> (32 - 8 * subject.registers) : all_lanes,
                       .bytes_per_lane = static_cast<std::uint8_t>(matrices ? 16 : 4)};
        body.push_back(load);
    }
    return body;
}

}  // namespace

std::uint32_t registers_per_thread(const MicrobenchSubject& subject, std::uint32_t ilp) {
    return subject.mma != nullptr ? Registers(*subject.mma, ilp).end : first_operand + ilp * subject.registers;
}

TimedLoop timed_loop(const MicrobenchSubject& subject, std::uint32_t warp, std::uint32_t warps, std::uint32_t ilp,
                     FragmentWait wait) {
    const std::uint32_t registers = registers_per_thread(subject, ilp);
    STCSIM_ASSERT(ilp > 0 && registers < 256);
    TimedLoop loop;
    loop.resources = {.warps = warps, .registers_per_thread = registers, .shared_memory = Bytes(0)};
    if (subject.mma != nullptr) {
        const Registers place(*subject.mma, ilp);
        load_fragments(loop.prologue, place.a, place.e + ilp * subject.mma->e_registers(), warp);
        loop.iteration = mma_instructions_of(*subject.mma, ilp);
    } else {
        constexpr std::uint64_t furthest_lane = std::uint64_t{4} * 32 * warp_lanes;
        loop.resources.shared_memory = Bytes(furthest_lane);
        loop.iteration = loads_of(subject, ilp);
    }
    loop.prologue.push_back(plain(OperationClass::barrier));
    if (subject.mma != nullptr && wait == FragmentWait::packed) {
        const Registers place(*subject.mma, ilp);
        pack_fragments(loop.prologue, place.a, place.b, bits_of(subject.mma->a));
        pack_fragments(loop.prologue, place.b, place.e, bits_of(subject.mma->b));
    }
    loop.read_clock = plain(OperationClass::arithmetic);
    loop.iteration.push_back(plain(OperationClass::warp_sync));

    loop.closing_iteration = loop.iteration;
    loop.closing_iteration.insert(loop.closing_iteration.begin() + 1, arithmetic_on({}, loop_counter));
    loop.closing_iteration.insert(loop.closing_iteration.end() - 1, arithmetic_on(loop_counter, loop_counter));
    return loop;
}

}  // namespace stcsim
