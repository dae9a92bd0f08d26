/// The parameters that tests run with: those of the shipped description, so that no test carries copies of its values.
#pragma once

#include "gpu/gpu_description.h"

namespace stcsim::testing {

/// models/gpus/a100-sxm4-40gb.toml.
inline GpuParameters a100() {
    return load_gpu_description(STCSIM_SOURCE_DIR "/models/gpus/a100-sxm4-40gb.toml").parameters;
}

/// models/gpus/a100-dense-only.toml: the same without a sparse path.
inline GpuParameters a100_dense_only() {
    return load_gpu_description(STCSIM_SOURCE_DIR "/models/gpus/a100-dense-only.toml").parameters;
}

}  // namespace stcsim::testing
