#include "validate/memory_work.h"

#include "base/error.h"
#include "microbench/l1_bench.h"
#include "microbench/memory_bench.h"

namespace stcsim {

double measure_memory_work(const MemoryWork& work, const GpuParameters& gpu) {
    const double gigabytes = gpu.clock_hz / 1e9;  // per second, of a byte per cycle
    using enum MemoryWork::Kind;
    switch (work.kind) {
        case l1_chase: return l1_chase_latency(gpu, work.footprint);
        case l1_stream: return l1_bandwidth(gpu);
        case near_hit: return load_latencies(gpu).near_hit;
        case far_hit: return load_latencies(gpu).far_hit;
        case near_miss: return load_latencies(gpu).near_miss;
        case far_miss: return load_latencies(gpu).far_miss;
        case mean_miss: return (load_latencies(gpu).near_miss + load_latencies(gpu).far_miss) / 2;
        case chase: return chase_latency(gpu, work.footprint);
        case l2_stream: return stream_bandwidth(gpu, work.footprint);
        case hbm_stream: return stream_bandwidth(gpu, work.footprint) * gigabytes;
        case near_slice: return slice_bandwidth(gpu, true) * gigabytes;
        case far_slice: return slice_bandwidth(gpu, false) * gigabytes;
    }
    STCSIM_ASSERT(false);
}

}  // namespace stcsim
