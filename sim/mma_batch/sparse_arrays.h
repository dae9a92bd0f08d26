/// Which elements the A of an mma.sp keeps, in the two forms users have: a position for each stored value, or the words
/// of operand E.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "isa/fragment.h"
#include "isa/mma_instruction.h"
#include "mma_batch/case_array.h"

namespace stcsim {

/// Positions [cases, m, stored k]: where each stored value stands in its group, 0..3 of 2:4, 0..1 of tf32's 1:2, 0..7
/// of the 4-bit types' 4:8, whose pairs take neighbours 2 p and 2 p + 1. Any integer type.
class PositionArray {
  public:
    /// Opens the file that `option` names. Throws InputError if its type or shape does not fit the instruction.
    PositionArray(std::string_view option, const std::filesystem::path& file, const MmaInstruction& instruction);

    [[nodiscard]] CaseArray& array() { return array_; }

    /// The codes of a loaded case, row-major m x stored k / unit (numerics/sparse_pattern.h). Throws InputError for a
    /// position outside its group or taken twice, for a pair that is not one, and for descending positions if the
    /// instruction wants ordered metadata.
    [[nodiscard]] std::vector<std::uint8_t> codes(std::size_t of_case) const;

  private:
    [[nodiscard]] std::uint8_t code(std::size_t of_case, std::size_t position) const;
    void check_group(std::size_t of_case, std::size_t position, const std::uint8_t* codes) const;

    const MmaInstruction& instruction_;
    CaseArray array_;
};

/// Words of E [cases, 32], one for each lane, uint32 or int32.
class MetadataArray {
  public:
    /// Opens the file that `option` names. Throws InputError if its type or shape does not fit, and if the instruction
    /// has no such selector.
    MetadataArray(std::string_view option, const std::filesystem::path& file, const MmaInstruction& instruction,
                  std::uint32_t selector);

    [[nodiscard]] CaseArray& array() { return array_; }

    /// The words of a loaded case.
    [[nodiscard]] WarpRegister words(std::size_t of_case) const;

    /// The codes that the instruction reads from them. Throws InputError with row and group of the first that the
    /// hardware does not define.
    [[nodiscard]] std::vector<std::uint8_t> codes(std::size_t of_case) const;

  private:
    const MmaInstruction& instruction_;
    std::uint32_t selector_;
    CaseArray array_;
};

}  // namespace stcsim
