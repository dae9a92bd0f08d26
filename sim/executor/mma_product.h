/// D = A x B + C of one machine instruction on a warp's registers, by the numerics. Internal to the executor.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/units.h"
#include "isa/metadata_fragment.h"
#include "isa/mma_instruction.h"

namespace stcsim {

inline constexpr std::size_t most_mma_registers = 4;  ///< of any operand

/// The lanes of an instruction's registers; of f64 each points at 32 words of 64 bits.
struct MmaSources {
    std::array<const std::uint32_t*, most_mma_registers> a{}, b{}, c{};
    const std::uint32_t* e = nullptr;
    std::uint32_t selector = 0;
};

/// [register][lane]; of f64 lane l takes words 2 l and 2 l + 1 of a register's 64.
using MmaResult = std::array<std::array<std::uint32_t, 2 * warp_lanes>, most_mma_registers>;

/// Where elements lie in the fragments of an instruction, worked out once.
class MmaProduct {
  public:
    explicit MmaProduct(const MmaInstruction& instruction);
    ~MmaProduct();
    MmaProduct(const MmaProduct&) = delete;
    MmaProduct& operator=(const MmaProduct&) = delete;

    /// The one of an element of mma_instructions(), made on first use.
    static const MmaProduct& of(const MmaInstruction& instruction);

    /// The metadata must be decodable: illegal codes are taken as they are, the selector must be legal.
    void multiply(const MmaSources& sources, MmaResult& d) const;

    /// The first nibble that is not legal in this order.
    [[nodiscard]] const MetadataNibble* illegal_nibble(const std::uint32_t* e, std::uint32_t selector,
                                                       CodeOrder order) const;
    /// A bit for each row of A with a nibble that is not legal.
    [[nodiscard]] std::uint32_t illegal_rows(const std::uint32_t* e, std::uint32_t selector, CodeOrder order) const;
    /// A bit for each row of A whose metadata these lanes supply.
    [[nodiscard]] std::uint32_t metadata_rows(std::uint32_t lanes, std::uint32_t selector) const;

  private:
    struct Scratch;

    void multiply_floats(const MmaSources& sources, MmaResult& d) const;
    void multiply_integers(const MmaSources& sources, MmaResult& d) const;
    void multiply_bits(const MmaSources& sources, MmaResult& d) const;
    void multiply_doubles(const MmaSources& sources, MmaResult& d) const;
    /// For every number, slowly.
    void multiply_plainly(const MmaSources& sources, MmaResult& d) const;
    void select_rows(const MmaSources& sources, Scratch& scratch) const;
    /// Whether all nibbles are legal, found out a word at a time; where it cannot be, false.
    [[nodiscard]] bool all_words_legal(const std::uint32_t* e, std::uint32_t selector, std::uint32_t legal) const;
    /// Integer A with zeros where nothing is stored.
    void expand_integers(const MmaSources& sources, Scratch& scratch) const;

    const MmaInstruction* instruction_;
    // Of each register and lane, the position of its first element: A [row][stored k], B [column][k], of floats
    // [k][column], C [row][column] (two neighbours of a row, then those of the row 8 below).
    std::vector<std::uint16_t> a_, b_, c_;
    std::vector<std::vector<MetadataNibble>> nibbles_;     ///< by selector
    std::vector<std::vector<MetadataNibble>> bytes_;       ///< the same by twos, where all are halves of bytes
    std::vector<std::vector<std::uint32_t>> whole_words_;  ///< the lanes that supply them, where these supply all bits
    // A bit for each nibble that is legal.
    std::uint32_t legal_any_ = 0;
    std::uint32_t legal_ascending_ = 0;
};

}  // namespace stcsim
