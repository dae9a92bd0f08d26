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
#include "ptx_timing/register_assignment.h"

namespace stcsim {

struct MachineInstruction {
    OperationClass operation = OperationClass::arithmetic;
    ArithmeticUnit unit = ArithmeticUnit::any;
    bool free = false;  ///< takes neither a slot nor time: performed with the instruction before
    bool after_last_mma = false;
    std::uint8_t following_arithmetic = 0;
    RegisterRange destination;
    RegisterRange a, b, c, e;  ///< mma; `a` of others: the first source
    RegisterSet reads;         ///< everything it reads
};

class MachineProgram {
  public:
    /// The kernel must outlive it. `registers_per_thread`: what a thread takes of the SM; 0: as assign_registers()
    /// estimates.
    explicit MachineProgram(const DecodedKernel& kernel, std::uint32_t registers_per_thread = 0);

    /// Per instruction of the decoded kernel.
    [[nodiscard]] const MachineInstruction& operator[](std::uint32_t number) const { return instructions_[number]; }
    [[nodiscard]] std::uint32_t registers_per_thread() const { return assignment_.registers_per_thread; }
    [[nodiscard]] const DecodedKernel& kernel() const { return *kernel_; }

  private:
    [[nodiscard]] MachineInstruction translate(const DecodedInstruction& instruction) const;
    void assign_operands(const DecodedInstruction& instruction, MachineInstruction& result) const;
    void assign_fragments(const DecodedInstruction& instruction, MachineInstruction& result) const;
    void mark_after_last_mma();

    const DecodedKernel* kernel_;
    RegisterAssignment assignment_;
    std::vector<MachineInstruction> instructions_;
};

}  // namespace stcsim
