/// What each cycle of a tensor core was spent on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/units.h"

namespace stcsim {

/// The one cause a tensor core's cycle is attributed to.
enum class TensorCoreState : std::uint8_t {
    busy,           ///< a step is in the dot-product array
    operands,       ///< register operands of an mma are being read or awaited from an earlier mma
    metadata,       ///< metadata is being decoded or select lines are being applied
    shared_memory,  ///< every warp that could issue waits for data from shared memory
    global_data,    ///< ... for data from global memory
    barrier,        ///< ... at a barrier
    issue,          ///< an mma was possible but the issue slot or its queue was not, or other instructions issued
    tail,           ///< no warp is resident, or all resident ones have issued their last mma
};

inline constexpr std::size_t tensor_core_states = 8;

inline constexpr std::array<std::string_view, tensor_core_states> tensor_core_state_names{
    "busy", "operands", "metadata", "shared_memory", "global_data", "barrier", "issue", "tail"};

/// Cycles per state; they sum to the cycles of the run times the tensor cores counted.
struct TensorCoreAccount {
    std::array<Cycle, tensor_core_states> cycles{};

    Cycle& operator[](TensorCoreState state) { return cycles[static_cast<std::size_t>(state)]; }
    const Cycle& operator[](TensorCoreState state) const { return cycles[static_cast<std::size_t>(state)]; }

    TensorCoreAccount& operator+=(const TensorCoreAccount& other) {
        for (std::size_t i = 0; i < tensor_core_states; ++i) cycles[i] += other.cycles[i];
        return *this;
    }
    [[nodiscard]] Cycle total() const {
        Cycle sum{0};
        for (const Cycle c : cycles) sum += c;
        return sum;
    }
};

}  // namespace stcsim
