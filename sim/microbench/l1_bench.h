/// Latency and bandwidth of the L1 data cache, as published microbenchmarks measure them: on one SM of the whole
/// machine.
#pragma once

#include "base/units.h"
#include "gpu/gpu_parameters.h"

namespace stcsim {

/// Mean cycles of a load (ld.global.ca) in a chase of one thread through all lines of `footprint`, each load's result
/// being the next one's address; a first round does not count.
double l1_chase_latency(const GpuParameters& gpu, Bytes footprint);

/// Bytes per cycle of one CTA of 32 warps that reads 64 KiB over and over with 16-byte loads and adds up what it reads.
///
/// The loop is that of the published benchmark (arXiv 2402.13499; l1_bw_128.cu of HPMLL/NVIDIA-Hopper-Benchmark): a
/// load, three instructions for its address, four additions that wait for it. The first round does not count.
double l1_bandwidth(const GpuParameters& gpu);

}  // namespace stcsim
