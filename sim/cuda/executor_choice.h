/// What runs launches under the options of `stcsim exec`.
#pragma once

#include <memory>

#include "cuda/exec_configuration.h"
#include "cuda/launch_executor.h"
#include "gpu/gpu_description.h"

namespace stcsim {

std::unique_ptr<LaunchExecutor> make_launch_executor(const GpuDescription& gpu, const LaunchSettings& settings);

}  // namespace stcsim
