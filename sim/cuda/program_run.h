/// A CUDA program run on the stand-in for its runtime.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cuda/exec_configuration.h"
#include "cuda/launch_report.h"
#include "gpu/gpu_description.h"

namespace stcsim {

struct ProgramRun {
    ExecReport report;
    int status = 0;             ///< of the program; 0 if a signal ended it
    std::optional<int> signal;  ///< that ended it
};

/// Runs `command` (the program first) with the folder of the stand-in first in LD_LIBRARY_PATH, and waits for its end.
/// Input, output and environment are otherwise those of this process; signals that another process sends to this one
/// are passed on. Throws InputError for a program that cannot be run or simulated.
ProgramRun run_program(const std::vector<std::string>& command, const GpuDescription& gpu,
                       const LaunchSettings& settings);

}  // namespace stcsim
