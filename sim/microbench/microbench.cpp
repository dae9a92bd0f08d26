#include "microbench/microbench.h"

#include <fmt/format.h>

#include "base/error.h"
#include "gpu/gpu.h"
#include "microbench/microbench_stream.h"
#include "sm/residency.h"
#include "tensor_core/datapath.h"

namespace stcsim {

double peak_of(const MicrobenchSubject& subject, const GpuParameters& gpu) {
    if (subject.mma == nullptr) {
        const SharedMemoryParameters& shared = gpu.sm.shared_memory;
        return static_cast<double>(shared.banks * shared.bank_width.value());
    }
    const double dense =
        dense_multiply_adds_per_cycle(gpu.sm.tensor_core.dot_product_array, subject.mma->a, subject.mma->d);
    return gpu.sm.sub_cores * dense * (subject.mma->sparse ? 2 : 1);
}

bool fits(const MicrobenchSubject& subject, const MicrobenchLoad& load, const GpuParameters& gpu) {
    if (registers_per_thread(subject, load.ilp) > gpu.sm.residency.maximum_registers_per_thread) return false;
    return resident_ctas(timed_loop(subject, 0, load.warps, load.ilp).resources, gpu.sm.residency).ctas > 0;
}

MicrobenchResult measure(const MicrobenchSubject& subject, const MicrobenchLoad& load, const GpuParameters& gpu,
                         std::uint32_t iterations) {
    if (!fits(subject, load, gpu)) {
        throw InputError({},
                         fmt::format("{} with {} warps and ILP {}: {} registers per thread", subject.name, load.warps,
                                     load.ilp, registers_per_thread(subject, load.ilp)),
                         "a thread block that fits on an SM: fewer warps or less ILP");
    }
    MicrobenchStream stream(subject, load.warps, load.ilp, iterations, load.fragments);
    GpuRunOptions options;
    options.one_sm = true;
    options.ctas.count = 1;
    run_gpu(gpu, stream, options);

    const auto cycles = static_cast<double>(stream.elapsed().value());
    MicrobenchResult result;
    result.subject = subject;
    result.load = load;
    result.latency = cycles / iterations;
    result.throughput = load.warps * load.ilp * subject.work() * iterations / cycles;
    result.peak = peak_of(subject, gpu);
    return result;
}

}  // namespace stcsim
