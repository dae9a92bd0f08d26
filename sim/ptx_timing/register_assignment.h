/// Which machine registers the registers of a PTX kernel would take: what dependencies are followed by.
///
/// Registers that are live at the same time get different numbers. A move between registers whose lives do not overlap
/// joins them and costs nothing. Registers of one fragment or vector (mma, ldmatrix, ld.v4) get consecutive numbers, as
/// machine instructions want them, where the kernel's uses agree on it. Spilling is not modelled: what does not fit
/// shares numbers. How many registers a thread takes of an SM is not said here: ptx/ptx_allocation.h estimates it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "isa/register_set.h"
#include "ptx/ptx_module.h"
#include "ptx/ptx_register_use.h"

namespace stcsim {

struct RegisterAssignment {
    /// Per register of the PTX kernel: its first number and how many 32-bit registers it takes (0: never used).
    /// Predicates have numbers of their own, above all others.
    std::vector<RegisterRange> ranges;
};

/// General registers have numbers below this; the predicates of the machine (P0 to P6) follow.
inline constexpr std::uint32_t first_predicate_number = 249;

/// `uses`: of each instruction of the kernel.
RegisterAssignment assign_registers(const PtxKernel& kernel, std::span<const PtxRegisterUse> uses);

/// The registers of a plain move, if `instruction` is one between registers, without guard.
struct RegisterCopy {
    std::uint32_t to;
    std::uint32_t from;
};
std::optional<RegisterCopy> copy_of(const PtxInstruction& instruction);

}  // namespace stcsim
