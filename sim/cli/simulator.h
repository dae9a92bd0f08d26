/// The simulator as the command line sees it, so that tests can put another one in its place.
#pragma once

#include <functional>

#include "run/simulate.h"

namespace stcsim {

/// simulate_gemm and check_gemm, or stand-ins that keep their contracts.
struct Simulator {
    std::function<SimulationResult(const GpuDescription&, const GemmProblem&, const SimulationOptions&)> simulate;
    std::function<void(const GpuDescription&, const GemmProblem&, const SimulationOptions&)> check;
};

}  // namespace stcsim
