/// How many machine registers a kernel needs, and which: an estimate of what the assembler does.
#pragma once

#include <cstdint>
#include <vector>

#include "ptx/ptx_module.h"

namespace stcsim {

struct RegisterAllocation {
    /// Of a register that takes none: a parameter or constant, which instructions name directly.
    static constexpr std::uint16_t no_register = 0xFFFF;

    /// By register of the kernel: its first machine register, 0 to 254, or no_register. 64-bit registers take an even
    /// one and the next, 128-bit ones four from a multiple of four on, all others one. Of predicates: their number
    /// among predicates, 0 to 6.
    std::vector<std::uint16_t> first;
    /// Registers per thread: the highest in use and one more, at least 16 (with calls 24), not rounded to what the
    /// machine hands out.
    std::uint32_t count = 0;
    /// More registers live at once than there are: `count` is the limit, and some share machine registers. Spilling to
    /// local memory is not modelled.
    bool exceeds_limit = false;
};

/// Linear scan over the live ranges of the kernel's text. Copies and address conversions of values that are written
/// once share their source's register; parameters and constants that are written once take none; one register is the
/// stack pointer's. `most` per thread, up to 255; the kernel's `.maxnreg` holds too.
///
/// Sources: "Linear Scan Register Allocation", Poletto and Sarkar, TOPLAS 21(5), with the holes of live ranges used as
/// in "Quality and Speed in Linear-scan Register Allocation", Traub et al., PLDI 1998.
RegisterAllocation allocate_registers(const PtxKernel& kernel, std::uint32_t most = 255);

}  // namespace stcsim
