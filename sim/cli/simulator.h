/// The simulator as the command line sees it, so that tests can put another one in its place.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "cuda/exec_configuration.h"
#include "cuda/launch_executor.h"
#include "microbench/memory_bench.h"
#include "microbench/microbench.h"
#include "mma_batch/mma_batch.h"
#include "run/simulate.h"
#include "validate/memory_work.h"

namespace stcsim {

/// simulate_gemm, check_gemm, execute_by_simulation, measure, measure_memory, measure_memory_work and
/// make_launch_executor, or
/// stand-ins that keep their contracts.
struct Simulator {
    std::function<SimulationResult(const GpuDescription&, const GemmProblem&, const SimulationOptions&)> simulate;
    std::function<void(const GpuDescription&, const GemmProblem&, const SimulationOptions&)> check;
    std::function<std::vector<BitMatrix>(const GpuParameters&, const MmaInstruction&, std::span<const MmaCase>)>
        execute = nullptr;  ///< may be empty where no mma is simulated
    /// May be empty where nothing is measured.
    std::function<MicrobenchResult(const MicrobenchSubject&, const MicrobenchLoad&, const GpuParameters&,
                                   std::uint32_t)>
        measure = nullptr;
    std::function<std::vector<MemoryFigure>(const GpuParameters&)> measure_memory = nullptr;       ///< as measure
    std::function<double(const MemoryWork&, const GpuParameters&)> measure_memory_work = nullptr;  ///< as measure
    /// May be empty where no kernel is launched.
    std::function<std::unique_ptr<LaunchExecutor>(const GpuDescription&, const LaunchSettings&)> make_executor =
        nullptr;
};

}  // namespace stcsim
