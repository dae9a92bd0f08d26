/// Launches on the machine, with what their reports say of time.
#pragma once

#include <cstdint>

#include "cuda/ptx_executor.h"
#include "gpu/gpu_parameters.h"

namespace stcsim {

/// A launch on all SMs of `gpu`, ended by KernelFault beyond `most_cycles`.
KernelRunner timed_runner(const GpuParameters& gpu, std::uint64_t most_cycles);

}  // namespace stcsim
