/// Operands that are in registers already: values for a run of the tensor cores alone.
#pragma once

#include <cstdint>
#include <span>

#include "isa/fragment.h"
#include "isa/warp_instruction.h"
#include "kernel/gemm_plan.h"
#include "kernel/warp_program.h"
#include "memory/global_values.h"

namespace stcsim {

/// Reads fragments of the operands from where the plan places them in global memory, and stores fragments of D there.
class RegisterOperands {
  public:
    RegisterOperands(const GemmPlan& plan, GlobalValues& memory) : plan_(plan), memory_(memory) {}

    /// A, B and metadata of the mma at this place of the tile, zero (metadata: padding) outside the problem.
    [[nodiscard]] ProvidedOperands operands_of(const TileCoordinate& tile, std::uint64_t k_tile,
                                               const FragmentPosition& fragment) const;

    /// Stores the accumulators of a warp whose tile starts at `origin` within the CTA's tile, rounded to D's type.
    void store_result(const TileCoordinate& tile, const FragmentPosition& origin,
                      std::span<const WarpRegister> registers);

  private:
    [[nodiscard]] std::uint32_t element(std::uint64_t address) const;
    [[nodiscard]] BitMatrix a_matrix(const TileCoordinate& tile, std::uint64_t k,
                                     const FragmentPosition& fragment) const;
    [[nodiscard]] BitMatrix b_matrix(const TileCoordinate& tile, std::uint64_t k,
                                     const FragmentPosition& fragment) const;
    [[nodiscard]] WarpRegister metadata(const TileCoordinate& tile, std::uint64_t k_tile,
                                        const FragmentPosition& fragment) const;

    const GemmPlan& plan_;
    GlobalValues& memory_;
};

}  // namespace stcsim
