/// Handlers that control flow itself needs. Internal to the executor.
#pragma once

#include <cstdint>

namespace stcsim {

class WarpExecution;
struct WarpState;
struct DecodedInstruction;

/// Finding: copies that the warp, which ends, never waited for.
void report_outstanding_copies(WarpState& warp);

void execute_exit(WarpExecution& warp, const DecodedInstruction& instruction, std::uint32_t lanes);
/// Computes the result of a bar.red whose barrier has been released.
void finish_barrier_reduction(WarpExecution& warp, const DecodedInstruction& instruction, std::uint32_t lanes,
                              std::uint32_t participants, std::uint32_t holding);

}  // namespace stcsim
