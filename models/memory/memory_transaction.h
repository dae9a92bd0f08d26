/// What travels between the SMs and the memory system.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/machine_state.h"
#include "base/units.h"

namespace stcsim {

/// What is done to memory.
enum class MemoryAccess : std::uint8_t { read, write, atomic };

/// Sectors of one line.
struct SectorRequest {
    std::uint64_t line = 0;     ///< address / line size
    std::uint32_t sectors = 0;  ///< bit s: sector s of the line
    /// Atomics: turns that the line takes at its slice. In a turn a sector's words are changed by one lane each.
    std::uint16_t turns = 0;
    std::uint16_t operand_bytes = 0;  ///< atomics: of the lanes' operands
};

/// One warp-level access, coalesced into sectors. The SM that made it gets it back when all sectors are there (reads)
/// or taken (writes), or changed (atomics).
struct MemoryTransaction {
    SmIndex sm;
    std::uint32_t tag = 0;  ///< the SM's own
    MemoryAccess access = MemoryAccess::read;
    bool returns_values = false;  ///< atomics: the old values are wanted back
    Bytes bytes{0};               ///< moved: sectors times sector size
    std::vector<SectorRequest> requests;
};

/// The names that an SM has for its transactions, as opposed to those of a warp's cp.async groups.
constexpr std::uint64_t transactions_of(SmIndex sm) {
    return (std::uint64_t{1} << 32U) + sm.value();
}

inline void visit_state(StateVisitor& state, MemoryTransaction& transaction) {
    auto& [sm, tag, access, returns_values, bytes, requests] = transaction;
    state.same(sm, access, returns_values, bytes, requests.size());
    state.identity(transactions_of(sm), tag);
    for (auto& [line, sectors, turns, operand_bytes] : requests) {
        state.same(sectors, turns, operand_bytes);
        state.advancing(line);
    }
}

using TransactionPointer = std::unique_ptr<MemoryTransaction>;

}  // namespace stcsim
