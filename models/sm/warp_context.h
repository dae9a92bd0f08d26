/// What the scheduler knows about one resident warp.
#pragma once

#include <memory>

#include "isa/instruction_stream.h"
#include "isa/obstacle.h"
#include "isa/register_set.h"
#include "sm/async_groups.h"
#include "sm/scoreboard.h"
#include "sm/sm_messages.h"

namespace stcsim {

struct WarpContext {
    WarpLaunch launch;
    std::unique_ptr<WarpStream> stream;
    WarpInstruction next;  ///< the instruction to issue next
    RegisterSet operands;  ///< the registers that must have no write pending for it to issue
    Scoreboard scoreboard;
    AsyncGroups async_groups;
    Obstacle obstacle = Obstacle::nothing;    ///< as last looked at
    Obstacle waited_for = Obstacle::nothing;  ///< the last obstacle before `next`
    Cycle head{0};                            ///< since when `next` is the warp's next instruction
    std::uint64_t last_operation = 0;         ///< number of the warp's last mma, as the sub-core counts them
    Cycle ready{0};                           ///< no instruction issues before this cycle
    bool at_fence = false;
    bool at_barrier = false;
    std::uint8_t barrier = 0;  ///< the one it waits at
    bool after_last_mma = false;

    /// Takes the next instruction from the stream; it can issue from `first_issue` on.
    void fetch(Cycle now, Cycle first_issue) {
        stream->next(now, next);
        head = first_issue;
        waited_for = Obstacle::nothing;
        operands = {};
        if (next.operation == OperationClass::exit) {
            operands.insert({.first = 0, .count = 255});
        } else {
            for (const RegisterRange range : {next.a, next.b, next.c, next.e, next.destination}) operands.insert(range);
            if (next.further_reads != nullptr) operands.insert(*next.further_reads);
        }
    }
};

/// `operations_read`: how many mma of the sub-core have read their operands. Since when the next instruction waits is
/// told to the stream only.
inline void visit_state(StateVisitor& state, WarpContext& warp, std::uint64_t operations_read) {
    auto& [launch, stream, next, operands, scoreboard, async_groups, obstacle, waited_for, head, last_operation, ready,
           at_fence, at_barrier, barrier, after_last_mma] = warp;
    visit_state(state, launch);
    stream->visit_state(state);
    visit_state(state, next);
    operands.visit_state(state);
    scoreboard.visit_state(state, operations_read);
    async_groups.visit_state(state, launch.warp.value());
    state.same(obstacle, waited_for, at_fence, at_barrier, barrier, after_last_mma,
               last_operation > operations_read ? last_operation - operations_read : 0);
    state.due(ready);
}

}  // namespace stcsim
