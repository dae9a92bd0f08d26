/// What the memory instructions of PTX are to the machine: caches, atomics and fences.
#pragma once

#include "executor/decoded_instruction.h"
#include "isa/warp_instruction.h"

namespace stcsim {

struct MemoryOperation {
    CacheUse cache = CacheUse::l2;           ///< global memory; local memory always uses the L1
    AtomicForm atomic = AtomicForm::native;  ///< of an atomic, if it is on shared memory
    /// It releases: a fence comes first, as ptxas puts one in front of it.
    bool fence_before = false;
};

/// Of a load, store, atomic or cp.async.
///
/// Loads go through the L1 unless their operator says otherwise (PTX ISA, "Cache Operators": .ca is the default; .cg
/// and .cv are not cached in L1), and so do strong ones whose scope is the CTA, which has one L1. Strong ones of a
/// wider scope and volatile ones pass it by, .L1::no_allocate as well; an acquire of a wider scope makes the L1 forget
/// what it has. Atomics on shared memory: 32-bit integers are native, as are exchange and compare-and-swap of 64 bits;
/// an addition of the immediate 1 is counted (ATOMS.POPC.INC, GTC 2021, S33322); all others are loops around a
/// compare-and-swap.
MemoryOperation memory_operation_of(const DecodedInstruction& instruction);

/// Whether a fence or membar reaches beyond the CTA. Inside of it the SM takes a warp's accesses in order anyway.
bool is_wide_fence(const DecodedInstruction& instruction);

}  // namespace stcsim
