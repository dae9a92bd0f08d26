/// Findings of ldmatrix and mma. Internal to the executor.
#pragma once

#include <cstdint>

#include "executor/mma_product.h"
#include "executor/warp_state.h"

namespace stcsim {

class InstructionDecoder;

/// The machine instruction that an mma's modifiers name.
const MmaInstruction& take_mma_instruction(InstructionDecoder& decoder);

/// Of the ldmatrix that is executed: wavefronts beyond one per matrix.
void count_bank_conflicts(WarpState& warp, std::uint32_t matrices);
void report_wrong_selector(WarpState& warp, const DecodedInstruction& instruction);
/// Registers that nothing wrote; of E only the lanes that the selector names count.
void report_undefined_operands(WarpState& warp, const DecodedInstruction& instruction, std::uint32_t selector);
void report_metadata(WarpState& warp, const DecodedInstruction& instruction, const MmaProduct& product,
                     const MmaSources& sources);

}  // namespace stcsim
