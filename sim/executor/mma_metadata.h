/// The metadata of an mma.sp as its lanes hold them, looked at without taking them apart first. Internal to the
/// executor.
#pragma once

#include <cstdint>
#include <vector>

#include "isa/metadata_fragment.h"
#include "isa/mma_instruction.h"

namespace stcsim {

/// Where they lie in the lanes' words `e`, worked out once per instruction. Selectors must be legal.
class MmaMetadata {
  public:
    explicit MmaMetadata(const MmaInstruction& instruction);

    /// In the order of the stored elements.
    [[nodiscard]] const std::vector<MetadataNibble>& nibbles(std::uint32_t selector) const {
        return nibbles_[selector];
    }
    /// The first nibble that is not legal in this order.
    [[nodiscard]] const MetadataNibble* illegal_nibble(const std::uint32_t* e, std::uint32_t selector,
                                                       CodeOrder order) const;
    /// A bit for each row of A with a nibble that is not legal.
    [[nodiscard]] std::uint32_t illegal_rows(const std::uint32_t* e, std::uint32_t selector, CodeOrder order) const;
    /// A bit for each row of A whose metadata these lanes supply.
    [[nodiscard]] std::uint32_t rows_of_lanes(std::uint32_t lanes, std::uint32_t selector) const;
    /// For each stored element of A, row by row, the row of B that it is multiplied by. Illegal codes are taken as they
    /// are.
    void select_rows(const std::uint32_t* e, std::uint32_t selector, std::uint32_t* rows) const;

  private:
    /// Whether all nibbles are legal, found out a word at a time; where it cannot be, false.
    [[nodiscard]] bool all_words_legal(const std::uint32_t* e, std::uint32_t selector, std::uint32_t legal) const;
    [[nodiscard]] std::uint32_t legal(CodeOrder order) const {
        return order == CodeOrder::ascending ? legal_ascending_ : legal_any_;
    }

    ElementType type_;  ///< of A
    // By selector.
    std::vector<std::vector<MetadataNibble>> nibbles_;
    std::vector<std::vector<MetadataNibble>> bytes_;       ///< the same by twos, where all are halves of bytes
    std::vector<std::vector<std::uint32_t>> whole_words_;  ///< the lanes that supply them, where these supply all bits
    // A bit for each nibble that is legal.
    std::uint32_t legal_any_ = 0;
    std::uint32_t legal_ascending_ = 0;
};

}  // namespace stcsim
