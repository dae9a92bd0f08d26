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
/// Of wmma: reports registers that nothing wrote; the suspicion about those that hold something suspicious, or none.
std::uint32_t suspicion_of_operands(WarpState& warp, const DecodedInstruction& instruction);
/// Of an mma, before D is written: which of its elements are undefined because of A, B, C or the metadata.
void track_product(WarpState& warp, const DecodedInstruction& instruction, const MmaProduct& product,
                   const MmaSources& sources);

}  // namespace stcsim
