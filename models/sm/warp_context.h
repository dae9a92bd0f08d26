/// What the scheduler knows about one resident warp.
#pragma once

#include <memory>

#include "isa/instruction_stream.h"
#include "sm/async_groups.h"
#include "sm/scoreboard.h"
#include "sm/sm_messages.h"

namespace stcsim {

struct WarpContext {
    WarpLaunch launch;
    std::unique_ptr<WarpStream> stream;
    WarpInstruction next;          ///< the instruction to issue next
    Scoreboard scoreboard;
    AsyncGroups async_groups;
    bool at_barrier = false;
    bool after_last_mma = false;
};

}  // namespace stcsim
