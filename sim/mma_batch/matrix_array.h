/// Operands A, B and C of a batch, from arrays to matrices of raw bits.
///
/// Which arrays hold which type:
///  - f16: uint16, float16 or int16; bf16: uint16 or int16;
///  - tf32 and f32: uint32, float32 or int32; f64: uint64, float64 or int64; s32: int32 or uint32 (all of these as raw
///    bits);
///  - s8 and u8: int8 or uint8, as raw bits;
///  - s4: int8 from -8 to 7; u4: uint8 or int8 from 0 to 15;
///  - b1: bool, uint8 or int8, each 0 or 1; or uint32 or int32 words along k, in which bit i of word w is k = 32 w + i.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

#include "isa/fragment.h"
#include "isa/mma_instruction.h"
#include "mma_batch/case_array.h"
#include "npy/npy_type.h"
#include "numerics/bit_matrix.h"

namespace stcsim {

/// The matrices of one operand, row-major: A is m x stored k, B is k x n, C is m x n.
class MatrixArray {
  public:
    /// Opens the file that `option` names. Throws InputError if its type or shape does not fit the operand.
    MatrixArray(std::string_view option, const std::filesystem::path& file, const MmaInstruction& instruction,
                Operand operand);

    [[nodiscard]] CaseArray& array() { return array_; }
    [[nodiscard]] const CaseArray& array() const { return array_; }

    /// The matrix of a loaded case. Throws InputError for a value outside the range of a 4-bit or 1-bit type.
    [[nodiscard]] BitMatrix matrix(std::size_t of_case) const;

  private:
    void check_range(std::size_t of_case) const;
    void unpack(std::size_t of_case, BitMatrix& matrix) const;

    OperandShape shape_;
    bool rows_are_k_;  ///< B; of A the columns are
    CaseArray array_;
    bool packed_;  ///< b1 in words
};

/// The type in which the simulator writes matrices of an accumulator's type: uint16 for f16, uint32 for f32, uint64 for
/// f64, int32 for s32. Other types break an invariant.
NpyType written_type_of(ElementType type);

}  // namespace stcsim
