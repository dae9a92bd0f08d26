/// What the handlers of instructions work on. Internal to the executor.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "executor/async_copies.h"
#include "executor/cta_execution.h"
#include "executor/decoded_kernel.h"
#include "executor/warp_execution.h"

namespace stcsim {

struct WarpState {
    CtaExecution* cta = nullptr;
    const DecodedKernel* kernel = nullptr;
    std::uint32_t warp = 0;

    std::vector<std::uint32_t> register_storage;
    std::uint32_t* registers = nullptr;  ///< aligned to a cache line
    const std::uint32_t* constants = nullptr;
    std::vector<std::uint32_t> predicates;  ///< a bit per lane; number 0 is always true
    std::uint32_t carry = 0;                ///< the condition code of add.cc and its kin, a bit per lane

    /// Findings: lanes of each kernel register that hold something defined, and lanes that are undefined because
    /// shared memory was.
    bool tracks = false;
    std::vector<std::uint32_t> defined;
    std::vector<std::uint32_t> undefined_by_shared;
    std::vector<std::uint32_t> suspicion;  ///< of each kernel register: why its undefined lanes matter, or none

    std::vector<std::byte> local;   ///< [lane][local_bytes]
    std::uint64_t local_bytes = 0;  ///< of a lane: what the kernel needs, more if functions recurse
    /// Registers of callers that recursive calls have put aside, by lane, the last call's last.
    std::array<std::vector<std::uint32_t>, warp_lanes> saved;
    std::uint32_t live = 0;  ///< lanes that have not ended
    AsyncCopies copies;
    const WarpStep* step = nullptr;  ///< being executed
    Cycle now{0};

    [[nodiscard]] const std::uint32_t* source(OperandPlace at) const {
        return (at.place & OperandPlace::high_bit) != 0 ? constants + (at.place & ~OperandPlace::high_bit)
                                                        : registers + at.place;
    }
    [[nodiscard]] std::uint32_t* destination(OperandPlace at) { return registers + at.place; }
    /// Lanes in which the predicate holds.
    [[nodiscard]] std::uint32_t predicate(OperandPlace at) const {
        const std::uint32_t lanes = predicates[at.place & ~OperandPlace::high_bit];
        return (at.place & OperandPlace::high_bit) != 0 ? ~lanes : lanes;
    }
    void set_predicate(OperandPlace at, std::uint32_t lanes, std::uint32_t holding) {
        if (!at.present()) return;
        std::uint32_t& bits = predicates[at.place];
        bits = (bits & ~lanes) | (holding & lanes);
    }

    /// Of these registers, the suspicion of the first that has one about a lane among `lanes`.
    [[nodiscard]] std::uint32_t suspicion_of(std::span<const std::uint32_t> numbers, std::uint32_t lanes) const;
    /// Lanes of a register have been written, some of them with something undefined.
    void suspect(std::uint32_t number, std::uint32_t lanes, std::uint32_t why) {
        if (why != Suspicions::none || lanes == ~0U) suspicion[number] = why;
    }

    /// Makes room for so many bytes of local memory in each lane.
    void grow_local(std::uint64_t bytes);

    /// Reports what the instruction that is executed did wrong. `sentence` is only made if it is new for its line.
    template <typename Sentence>
    void report(FindingKind kind, std::uint32_t lane, Sentence sentence, std::uint64_t times = 1) {
        report(kind, *step->instruction->ptx, lane, sentence, times);
    }
    template <typename Sentence>
    void report(FindingKind kind, const PtxInstruction& instruction, std::uint32_t lane, Sentence sentence,
                std::uint64_t times = 1) {
        FindingSink& sink = cta->findings();
        const bool ends = is_error(kind) && sink.mode() != FindingMode::lenient;
        if (!ends && sink.knows(kind, instruction.where.line)) {
            sink.count(kind, instruction.where.line, times);
            return;
        }
        sink.report({kind, instruction.where, instruction.source, instruction.name(), cta->index(), warp, lane,
                     std::string(sentence())},
                    times);
    }

    /// Ends the launch, saying where.
    [[noreturn]] void fault(const std::string& what) const;

    /// The instruction of this number as messages name it: "st.shared.u32 at PTX line 12".
    [[nodiscard]] std::string name_of_instruction(std::uint32_t number) const;
    /// The first lane of a mask.
    [[nodiscard]] static std::uint32_t first_lane(std::uint32_t lanes) {
        return static_cast<std::uint32_t>(__builtin_ctz(lanes | 0x80000000U));
    }
};

}  // namespace stcsim
