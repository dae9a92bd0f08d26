/// Tasks spread over child processes: SystemC keeps its state per process, so simulations cannot share one.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace stcsim {

/// Runs `task(i)` for each `i` of `tasks` in at most `workers` child processes, which are copies of this one, and hands
/// each answer to `finished(i, answer)` in this process, in the order in which they come. A child that does not survive
/// its task, or whose task throws, ends everything: the other children are ended and std::runtime_error says what
/// happened; the same if `finished` throws. The children end with this process, however it ends.
/// `name(i)` names a task in messages. Answers may have up to 60 KiB.
void run_forked(std::span<const std::size_t> tasks, std::size_t workers,
                const std::function<std::string(std::size_t)>& task,
                const std::function<void(std::size_t, const std::string&)>& finished,
                const std::function<std::string(std::size_t)>& name);

}  // namespace stcsim
