// Reads an installed GPU description and links every model library, SystemC among them.
#include <cstdio>

#include "gpu/gpu_description.h"

int main() {
    const stcsim::GpuDescription gpu = stcsim::load_gpu_description("a100-sxm4-40gb");
    std::printf("%s: %u SMs\n", gpu.name.c_str(), gpu.parameters.sm_count);
    return gpu.parameters.sm_count == 108 ? 0 : 1;
}

// SystemC's library asks for an sc_main; this program has a main of its own and never starts a simulation.
int sc_main(int, char**) {
    return 0;
}
