/// Why a warp's next instruction does not issue.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/units.h"

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
    arithmetic_unit,
    warp_sync,
    copy_group,
    fence,
    barrier,
    no_more_mma,
};

inline constexpr std::size_t obstacles = static_cast<std::size_t>(Obstacle::no_more_mma) + 1;

/// In words, as reports name them. `nothing`: the instruction could issue and another warp's was preferred.
inline constexpr std::array<std::string_view, obstacles> obstacle_names{
    "not selected", "tensor result",  "operand read", "tensor queue", "shared-memory result",
    "shared queue", "global result",  "global queue", "result",       "arithmetic unit",
    "warp sync",    "cp.async group", "fence",        "barrier",      "end"};

/// How long an instruction waited at the head of its warp, and for what at last.
struct IssueWait {
    Cycle cycles{0};
    Obstacle obstacle = Obstacle::nothing;
};

}  // namespace stcsim
