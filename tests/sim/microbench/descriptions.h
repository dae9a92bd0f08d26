/// The shipped GPU descriptions, and single measurements on them.
#pragma once

#include <string>

#include "gpu/gpu_description.h"
#include "microbench/microbench.h"

namespace stcsim::testing {

inline GpuParameters gpu_named(const std::string& name) {
    return load_gpu_description(std::string(STCSIM_SOURCE_DIR "/models/gpus/") + name + ".toml").parameters;
}

inline const GpuParameters& a100() {
    static const GpuParameters parameters = gpu_named("a100-sxm4-40gb");
    return parameters;
}

inline MicrobenchResult measured(const std::string& name, std::uint32_t warps, std::uint32_t ilp,
                                 const GpuParameters& gpu = a100()) {
    return measure(microbench_subject_named(name), {warps, ilp}, gpu);
}

}  // namespace stcsim::testing
