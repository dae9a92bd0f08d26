/// The metadata operand E of mma.sp: one 32-bit register per lane, of which the sparsity selector picks the lanes that
/// count.
///
/// A metadata word (sparsity/metadata_word.h) covers four groups of one row of A. For 16-bit types and tf32 the low
/// half of a lane's E belongs to row g = lane / 4, the high half to row g + 8. A shape with one word per row (f16
/// m16n8k16) reads it from the lane of each quad that the selector (0..3) names; one with two words (f16 m16n8k32)
/// reads them, first word first, from the pair of lanes 2 x selector and 2 x selector + 1 (selector 0 or 1). Source:
/// PTX ISA, "Sparse matrix storage" and the metadata figures of mma.sp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/units.h"
#include "isa/fragment.h"
#include "isa/mma_instruction.h"
#include "sparsity/metadata_word.h"

namespace stcsim {

/// Legal sparsity selectors are 0 to this, exclusive; 0 for a dense instruction.
std::uint32_t sparsity_selectors(const MmaInstruction& instruction);

/// Whether the lane's E register is read under this selector.
bool supplies_metadata(const MmaInstruction& instruction, std::uint32_t selector, LaneIndex lane);

/// Writes the codes, row-major m x stored k, into the nibbles of `e` that the instruction reads under this selector,
/// and leaves the others as they are: metadata for different selectors can share a register. Throws InputError for an
/// illegal selector.
void encode_metadata(const MmaInstruction& instruction, std::span<const std::uint8_t> codes, std::uint32_t selector,
                     WarpRegister& e);

/// The codes, row-major m x stored k, that the instruction reads from `e`, legal or not. Throws InputError for an
/// illegal selector.
std::vector<std::uint8_t> decode_metadata(const MmaInstruction& instruction, const WarpRegister& e,
                                          std::uint32_t selector);

/// A nibble of E with codes the hardware does not define.
struct MetadataViolation {
    std::uint32_t row;    ///< of A
    std::uint32_t group;  ///< along k
    LaneIndex lane;       ///< whose E register holds it
    std::uint32_t nibble;

    bool operator==(const MetadataViolation&) const = default;
};

/// The first illegal nibble by row, then group, that the instruction would read. Throws InputError for an illegal
/// selector.
std::optional<MetadataViolation> find_metadata_violation(const MmaInstruction& instruction, const WarpRegister& e,
                                                         std::uint32_t selector, CodeOrder order);

}  // namespace stcsim
