/// What the scheduler knows about one resident warp.
#pragma once

#include <memory>

#include "isa/instruction_stream.h"
#include "sm/async_groups.h"
#include "sm/scoreboard.h"
#include "sm/sm_messages.h"

namespace stcsim {

/// Why a warp cannot issue its next instruction; `nothing` if it can. Smaller means closer to issuing an mma.
enum class Obstacle : std::uint8_t {
    nothing,
    tensor_result,
    operand_read,
    tensor_queue,
    shared_result,
    shared_queue,
    global_result,
    global_queue,
    arithmetic_result,
    warp_sync,
    copy_group,
    barrier,
    no_more_mma,
};

struct WarpContext {
    WarpLaunch launch;
    std::unique_ptr<WarpStream> stream;
    WarpInstruction next;  ///< the instruction to issue next
    RegisterSet operands;  ///< the registers that must have no write pending for it to issue
    Scoreboard scoreboard;
    AsyncGroups async_groups;
    Obstacle obstacle = Obstacle::nothing;  ///< as last looked at
    std::uint64_t last_operation = 0;       ///< number of the warp's last mma, as the sub-core counts them
    Cycle ready{0};                         ///< no instruction issues before this cycle
    bool at_barrier = false;
    bool after_last_mma = false;

    /// Takes the next instruction from the stream.
    void fetch(Cycle now) {
        stream->next(now, next);
        operands = {};
        if (next.operation == OperationClass::exit) {
            operands.insert({.first = 0, .count = 255});
        } else {
            for (const RegisterRange range : {next.a, next.b, next.c, next.e, next.destination}) operands.insert(range);
        }
    }
};

}  // namespace stcsim
