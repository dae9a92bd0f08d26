/// What the instructions of a PTX kernel are to the machine.
///
/// mma, ldmatrix, cp.async, loads, stores and barriers are one machine instruction each, as they are in what ptxas
/// makes of them. Others are not: moves that register allocation removes, address conversions and parameter reads cost
/// nothing, 64-bit integer operations are two instructions, divisions dozens. The counts are those of what ptxas of
/// CUDA 13 makes of each operation for sm_80; what the optimiser does across instructions is not modelled.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "executor/decoded_kernel.h"
#include "isa/warp_instruction.h"
#include "ptx/ptx_control_flow.h"
#include "ptx_timing/memory_operation.h"
#include "ptx_timing/register_assignment.h"

namespace stcsim {

/// Where the operands of an mma lie.
struct MmaRanges {
    RegisterRange destination, a, b, c;
};

struct MachineInstruction {
    OperationClass operation = OperationClass::arithmetic;
    ArithmeticUnit unit = ArithmeticUnit::any;
    bool free = false;         ///< takes neither a slot nor time: performed with the instruction before
    bool is_sequence = false;  ///< wmma: several machine instructions
    bool after_last_mma = false;
    std::uint8_t following_arithmetic = 0;
    MemoryOperation memory;  ///< loads, stores, atomics, cp.async
    RegisterRange destination;
    RegisterRange a, b, c, e;  ///< mma; `a` of arithmetic: the first source that is not a predicate
    RegisterSet reads;         ///< everything it reads
    /// wmma.mma: of each machine instruction of its sequence. Empty for others.
    std::vector<MmaRanges> sequence;
};

class MachineProgram {
  public:
    /// The kernel must outlive it. `registers_per_thread`: what a thread takes of the SM; 0: as ptx/ptx_allocation.h
    /// estimates.
    explicit MachineProgram(const DecodedKernel& kernel, std::uint32_t registers_per_thread = 0);

    /// Per instruction of the decoded kernel.
    [[nodiscard]] const MachineInstruction& operator[](std::uint32_t number) const { return instructions_[number]; }
    [[nodiscard]] std::uint32_t registers_per_thread() const { return registers_per_thread_; }
    [[nodiscard]] const DecodedKernel& kernel() const { return *kernel_; }

  private:
    [[nodiscard]] MachineInstruction translate(const DecodedInstruction& instruction, const PtxRegisterUse& use) const;
    void assign_operands(const DecodedInstruction& instruction, const PtxRegisterUse& use,
                         MachineInstruction& result) const;
    void see_through_free(const PtxBlock& block, std::span<const PtxRegisterUse> uses);
    void assign_fragments(const DecodedInstruction& instruction, MachineInstruction& result) const;
    void assign_sequence(const DecodedInstruction& instruction, MachineInstruction& result) const;
    void mark_after_last_mma();

    const DecodedKernel* kernel_;
    RegisterAssignment assignment_;
    std::uint32_t registers_per_thread_;
    std::vector<MachineInstruction> instructions_;
};

}  // namespace stcsim
