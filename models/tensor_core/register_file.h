/// The register values of an SM's warps: the storage behind the ports. Timing of reads and writes is modelled by the
/// modules that use them; without values the storage is empty.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/units.h"
#include "isa/warp_instruction.h"
#include "tensor_core/tensor_operation.h"

namespace stcsim {

/// Registers of `warps` warp slots, 256 each, 32 lanes of 32 bits; storage only if `with_values`.
class RegisterFile {
  public:
    RegisterFile(std::uint32_t warps, bool with_values)
        : values_(with_values ? static_cast<std::size_t>(warps) * registers_per_warp : 0) {}

    [[nodiscard]] bool has_values() const { return !values_.empty(); }

    [[nodiscard]] LaneValues& at(WarpSlot warp, std::uint32_t register_number) {
        const std::size_t index = static_cast<std::size_t>(warp.value()) * registers_per_warp + register_number;
        STCSIM_ASSERT(index < values_.size() && register_number < registers_per_warp);
        return values_[index];
    }

    /// All registers of a warp.
    [[nodiscard]] std::span<const LaneValues> of_warp(WarpSlot warp) const {
        return std::span(values_).subspan(static_cast<std::size_t>(warp.value()) * registers_per_warp,
                                          registers_per_warp);
    }

    [[nodiscard]] std::vector<LaneValues> read(WarpSlot warp, RegisterRange range) {
        std::vector<LaneValues> result;
        result.reserve(range.count);
        for (std::uint32_t i = 0; i < range.count; ++i) result.push_back(at(warp, range.first + i));
        return result;
    }

  private:
    static constexpr std::uint32_t registers_per_warp = 256;
    std::vector<LaneValues> values_;
};

}  // namespace stcsim
