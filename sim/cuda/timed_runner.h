/// Launches on the machine, with what their reports say of time.
#pragma once

#include <cstdint>

#include "cuda/exec_configuration.h"
#include "cuda/ready_kernel.h"
#include "gpu/gpu_parameters.h"

namespace stcsim {

/// Launches on all SMs of `gpu`, or on one that stands for them, ended by KernelFault beyond the settings' cycles. What
/// follows from a kernel alone, its order of instructions among it, is worked out once.
KernelPreparation timed_preparation(const GpuParameters& gpu, const LaunchSettings& settings, RegisterCount registers);

}  // namespace stcsim
