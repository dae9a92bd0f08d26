/// Which machine registers the registers of a PTX kernel would take: an estimate of what ptxas does.
///
/// PTX has as many registers as it likes; residency and dependencies need those of the machine. Registers that are live
/// at the same time get different numbers (colouring of the interference graph, in order of the code). A move between
/// registers whose lives do not overlap joins them and costs nothing. Registers of one fragment or vector (mma,
/// ldmatrix, ld.v4) get consecutive numbers, as machine instructions want them, where the kernel's uses agree on it.
/// Spilling is not modelled: what does not fit shares numbers.
#pragma once

#include <cstdint>
#include <vector>

#include "executor/decoded_kernel.h"
#include "isa/register_set.h"

namespace stcsim {

struct RegisterAssignment {
    /// Per register of the PTX kernel: its first number and how many 32-bit registers it takes (0: never used).
    /// Predicates have numbers of their own, above all others.
    std::vector<RegisterRange> ranges;
    std::uint32_t registers_per_thread = 0;  ///< 32-bit registers, without predicates
};

/// General registers have numbers below this; the predicates of the machine (P0 to P6) follow.
inline constexpr std::uint32_t first_predicate_number = 249;

RegisterAssignment assign_registers(const DecodedKernel& kernel);

}  // namespace stcsim
