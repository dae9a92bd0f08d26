/// add, mul, ... decoded by the type they work on. Internal to the executor.
#pragma once

#include "executor/instruction_decoder.h"
#include "executor/rounding.h"

namespace stcsim {

void decode_integer_arithmetic(InstructionDecoder& decoder, PtxType type);
void decode_float_arithmetic(InstructionDecoder& decoder, PtxType type);  ///< f32, f64
void decode_half_arithmetic(InstructionDecoder& decoder, PtxType type);   ///< f16, bf16 and pairs

/// Modifiers of floating-point arithmetic, as DecodedInstruction::immediate carries them.
struct FloatModifiers {
    static constexpr std::uint32_t flush = 1;           ///< .ftz
    static constexpr std::uint32_t saturate = 2;        ///< .sat
    static constexpr std::uint32_t relu = 4;            ///< .relu
    static constexpr std::uint32_t nan_wins = 8;        ///< .NaN of min and max
    static constexpr std::uint32_t xor_sign = 16;       ///< .xorsign.abs of min and max
    static constexpr std::uint32_t rounding_shift = 8;  ///< RoundingMode
};

/// Takes .rn, .rz, .rm, .rp; nothing if there is none.
std::optional<RoundingMode> take_rounding(Modifiers& modifiers);
/// Takes .ftz, .sat, .relu and the rounding, nearest if there is none.
std::uint32_t take_float_modifiers(Modifiers& modifiers);

inline RoundingMode rounding_of(std::uint32_t modifiers) {
    return static_cast<RoundingMode>(modifiers >> FloatModifiers::rounding_shift);
}

}  // namespace stcsim
