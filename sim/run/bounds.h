/// What bounds a run, in words.
#pragma once

#include <string>

#include "run/simulate.h"

namespace stcsim {

/// The cause that most of the time goes to: of bandwidths and latency together when they are the largest, the largest
/// of them. A tensor core that is busy nearly all the time is what bounds a run, unless the power limit keeps the clock
/// down; a launch is, when it takes longer than the kernel.
std::string name_bound(const SimulationResult& result);

}  // namespace stcsim
