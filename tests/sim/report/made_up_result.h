/// Results that no simulation produced, for tests of what is done with results.
#pragma once

#include <utility>

#include "run/simulate.h"

namespace stcsim {

/// A result that obeys the invariants of real ones: the account sums to cycles x tensor cores, the utilisation is of
/// the peak that applies. Sparse takes `sparse_cycles`, dense `dense_cycles`.
inline SimulationResult made_up_result(const GemmProblem& problem, Cycle dense_cycles = Cycle(1000),
                                       Cycle sparse_cycles = Cycle(625)) {
    const bool sparse = problem.sparsity == Sparsity::two_four;
    SimulationResult result;
    result.problem = problem;
    result.gpu = "a100-sxm4-40gb";
    result.kernel = "tile_128x128x32_stages_3";
    result.cycles = sparse ? sparse_cycles : dense_cycles;
    result.time_us = static_cast<double>(result.cycles.value()) / 1410;
    result.tflops = 2e-6 * problem.fused_multiply_adds() / result.time_us;
    result.dense_peak_tflops = 311.9;
    result.sparse_peak_tflops = 623.8;
    result.tensor_utilization = result.tflops / (sparse ? 623.8 : 311.9);
    result.bound_by = sparse ? "shared memory" : "tensor cores";
    result.tensor_cores = 3;
    const Cycle busy(result.cycles.value() * 2);
    result.account[TensorCoreState::busy] = busy;
    result.account[TensorCoreState::shared_memory] = Cycle(result.cycles.value() / 3);
    result.account[TensorCoreState::tail] = Cycle(result.cycles.value() * 3) - busy - Cycle(result.cycles.value() / 3);
    for (const auto& [cause, state] : {std::pair{TimeCause::busy, TensorCoreState::busy},
                                       std::pair{TimeCause::shared_memory, TensorCoreState::shared_memory},
                                       std::pair{TimeCause::tail, TensorCoreState::tail}}) {
        result.time_account[cause] =
            static_cast<double>(result.account[state].value()) / static_cast<double>(result.account.total().value());
    }
    result.roofline = {.operations_per_hbm_byte = 100,
                       .operations_per_l2_byte = 50,
                       .attainable_tflops = 2 * result.tflops,
                       .roof = "DRAM bandwidth",
                       .share_of_attainable = 0.5};
    result.counters.add("sm.shared_memory", "wavefronts", "wavefronts", "bank accesses", 12345);
    result.simulated_ctas = 4;
    result.total_ctas = 8;
    return result;
}

}  // namespace stcsim
