/// What special registers hold. Internal to the executor.
#pragma once

namespace stcsim {

struct WarpState;

/// Writes what a warp's start values hold, and the carry.
void write_start_values(WarpState& warp);
/// Writes those that are clocks, for the current cycle.
void write_clock_values(WarpState& warp);

}  // namespace stcsim
