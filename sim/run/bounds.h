/// What bounds a run, in words.
#pragma once

#include <string>

#include "gpu/gpu_parameters.h"
#include "run/simulate.h"

namespace stcsim {

/// The cause that most of the time goes to. Waiting for global data is told apart: the bandwidth of the L2 or of the
/// memory if it is nearly used up, latency if neither is. A tensor core that is busy nearly all the time is what bounds
/// a run, unless the power limit keeps the clock down; a launch is, when it takes longer than the kernel.
std::string name_bound(const SimulationResult& result, const GpuParameters& gpu);

}  // namespace stcsim
