/// Operand values for a GEMM, their places in global memory, and the check of D against the reference numerics.
#pragma once

#include <cstdint>
#include <vector>

#include "kernel/gemm_plan.h"
#include "memory/global_values.h"
#include "numerics/bit_matrix.h"
#include "run/simulate.h"
#include "sparsity/structured_sparsity.h"

namespace stcsim {

/// The operands of one batch element, as the kernel sees them (GemmPlan): for 2:4 the first one is pruned by magnitude
/// and compressed.
struct OperandMatrices {
    BitMatrix a;                  ///< rows x k, with zeros where pruned
    CompressedMatrix compressed;  ///< 2:4 only
    BitMatrix b;                  ///< k x columns
};

/// Operands from a seed: the same for the same problem and seed. Floats have magnitudes spread around one and both
/// signs.
std::vector<OperandMatrices> generate_operands(const GemmPlan& plan, std::uint64_t seed);

/// Writes A (compressed and with metadata in a kernel's order if 2:4), B and an unwritten D where the plan says.
void place_operands(const GemmPlan& plan, const std::vector<OperandMatrices>& operands, GlobalValues& memory);

/// Compares every element of D in memory with the reference: the same passes over the same k, padding included, then
/// rounded to D's type. Where the kernel divides k, each part is summed from zero, and the sums are added in the order
/// of sums_of_tile (kernel/gemm_work.h); serial split-K rounds to D's type after each.
Verification verify_result(const GemmPlan& plan, const std::vector<OperandMatrices>& operands,
                           const GlobalValues& memory);

}  // namespace stcsim
