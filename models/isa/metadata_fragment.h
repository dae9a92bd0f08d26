/// The metadata operand E of mma.sp: one 32-bit register per lane, of which the sparsity selector picks the lanes that
/// count.
///
/// An instruction reads the E of 1, 2 or 4 threads of each quad (lanes 4 g to 4 g + 3), as many as its nibbles fill,
/// and selector s names the s-th thread, the s-th pair, or 0 for all four. What they hold are the metadata elements
/// (sparsity/metadata_word.h) of rows g and g + 8 of A:
///  - 16-bit types and tf32: element w is in the w-th of these threads, row g in its low half, row g + 8 in its high
///    half. f16 m16n8k16 has one element per row, f16 m16n8k32 two.
///  - 8- and 4-bit integers: thread 2 w + h of these holds the 32-bit element w of row g + 8 h. s8 m16n8k32 has one
///    element per row, s8 m16n8k64 two.
/// Source: PTX ISA, "Sparse matrix storage" and the metadata figures of mma.sp; for s8 m16n8k32 and s4 m16n8k64 the
/// rule is derived from that of the larger k, whose first or second pair they read (it is what makes the metadata order
/// of CUTLASS, isa/metadata_layout.h, serve both).
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

/// Where a nibble of the metadata lies: bits shift + 3 to shift of the lane's E.
struct MetadataNibble {
    std::uint32_t row;    ///< of A
    std::uint32_t group;  ///< along k
    std::uint32_t lane;
    std::uint32_t shift;
};

/// Every nibble that the instruction reads under this selector, by row, then group. Throws InputError for an illegal
/// selector.
std::vector<MetadataNibble> metadata_nibbles(const MmaInstruction& instruction, std::uint32_t selector);

/// Codes in the metadata of the instruction, two bits each: m x stored k / unit, twice that for tf32.
std::uint32_t metadata_codes(const MmaInstruction& instruction);

/// Writes the codes, row-major m x stored k / unit, into the nibbles of `e` that the instruction reads under this
/// selector, and leaves the others as they are: metadata for different selectors can share a register. Throws
/// InputError for an illegal selector.
void encode_metadata(const MmaInstruction& instruction, std::span<const std::uint8_t> codes, std::uint32_t selector,
                     WarpRegister& e);

/// The codes, row-major m x stored k / unit, that the instruction reads from `e`, legal or not. Throws InputError for
/// an illegal selector.
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
