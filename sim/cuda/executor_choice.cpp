#include "cuda/executor_choice.h"

#include <algorithm>

#include "cuda/ptx_executor.h"
#include "cuda/timed_runner.h"
#include "ptx/ptx_allocation.h"

namespace stcsim {
namespace {

FindingMode mode_of(const LaunchSettings& settings) {
    if (!settings.find) return FindingMode::off;
    return settings.lenient ? FindingMode::lenient : FindingMode::strict;
}

/// As the assembler would allocate them: what `.maxntid` and `.minnctapersm` promise must fit an SM.
std::uint32_t registers_of(const PtxKernel& kernel, const ResidencyParameters& sm) {
    std::uint32_t most = sm.maximum_registers_per_thread;
    if (kernel.max_threads_per_cta != 0) {
        const std::uint32_t warps =
            ceil_divide(kernel.max_threads_per_cta, warp_lanes) * std::max(kernel.min_ctas_per_sm, 1U);
        const std::uint32_t per_warp = sm.registers / warps;
        most = std::min(most, (per_warp - per_warp % sm.register_allocation_unit) / warp_lanes);
    }
    return allocate_registers(kernel, most).count;
}

}  // namespace

std::unique_ptr<LaunchExecutor> make_launch_executor(const GpuDescription& gpu, const LaunchSettings& settings) {
    PtxExecutor::Parts parts;
    parts.architecture = gpu.parameters.device.compute_capability;
    parts.findings = mode_of(settings);
    const RegisterCount registers = [sm = gpu.parameters.sm.residency](const PtxKernel& kernel) {
        return registers_of(kernel, sm);
    };
    parts.prepare = settings.timing == LaunchTiming::full ? timed_preparation(gpu.parameters, settings, registers)
                                                          : functional_preparation(settings.max_cycles, registers);
    return std::make_unique<PtxExecutor>(std::move(parts));
}

}  // namespace stcsim
