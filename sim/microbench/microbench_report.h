/// Microbenchmark results as a table for people and as CSV.
#pragma once

#include <span>
#include <string>

#include "microbench/microbench.h"

namespace stcsim {

/// "instr,warps,ilp,latency_cyc,throughput,peak,unit" and one line per result.
std::string microbench_csv(std::span<const MicrobenchResult> results);

/// One row per instruction: its completion latency (1 warp, ILP 1) and, for every number of warps, the load from which
/// one more independent instruction adds less than 5 %: its ILP, latency and throughput. Results of one instruction and
/// number of warps come in order of their ILP.
std::string microbench_table(std::span<const MicrobenchResult> results);

}  // namespace stcsim
