/// One kernel of a PTX file, launched on arrays.
#pragma once

#include <filesystem>
#include <string>

#include "cuda/exec_configuration.h"
#include "cuda/launch_executor.h"
#include "gpu/gpu_description.h"

namespace stcsim {

struct PtxLaunch {
    std::filesystem::path file;
    std::string kernel;
    std::array<std::uint32_t, 3> grid{1, 1, 1};
    std::array<std::uint32_t, 3> block{1, 1, 1};
    Bytes dynamic_shared{0};
    std::string arguments;  ///< kernel_arguments.h
};

/// Runs the launch and writes its output arrays, unless it failed. Throws InputError for bad input, before anything is
/// run.
LaunchOutcome run_ptx_launch(const PtxLaunch& launch, const GpuDescription& gpu, LaunchExecutor& executor);

}  // namespace stcsim
