/// D = A x B + C of one machine instruction on a warp's registers, by the numerics. Internal to the executor.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "executor/mma_fragments.h"
#include "executor/mma_metadata.h"
#include "isa/mma_instruction.h"

namespace stcsim {

/// The lanes of an instruction's registers; of f64 each points at 32 words of 64 bits.
struct MmaSources {
    MmaRegisters a{}, b{}, c{};
    const std::uint32_t* e = nullptr;
    std::uint32_t selector = 0;
};

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

    [[nodiscard]] const MmaMetadata& metadata() const { return metadata_; }

  private:
    struct Scratch;

    void multiply_floats(const MmaSources& sources, MmaResult& d) const;
    void multiply_integers(const MmaSources& sources, MmaResult& d) const;
    void multiply_bits(const MmaSources& sources, MmaResult& d) const;
    void multiply_doubles(const MmaSources& sources, MmaResult& d) const;
    /// For every number, slowly.
    void multiply_plainly(const MmaSources& sources, MmaResult& d) const;
    /// Integer A with zeros where nothing is stored.
    void expand_integers(const MmaSources& sources, Scratch& scratch) const;

    const MmaInstruction* instruction_;
    // Of each register and lane, the position of its first element: A [row][stored k], B [column][k], of floats
    // [k][column], C [row][column] (two neighbours of a row, then those of the row 8 below).
    std::vector<std::uint16_t> a_, b_, c_;
    MmaMetadata metadata_;
};

}  // namespace stcsim
