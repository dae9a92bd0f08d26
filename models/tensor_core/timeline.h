/// What one SM's tensor cores did when, for people to look at. Recorded only when asked for.
#pragma once

#include <cstdint>
#include <vector>

#include "base/units.h"
#include "isa/mma_instruction.h"

namespace stcsim {

/// One instruction in one tensor core's array.
struct TimelineEntry {
    std::uint32_t tensor_core;  ///< of the SM
    WarpSlot warp;
    const MmaInstruction* instruction;
    Cycle issued;
    Cycle start;  ///< first step
    Cycle steps;
};

/// Executions in the order they started, per tensor core.
class Timeline {
  public:
    void record(const TimelineEntry& entry) { entries_.push_back(entry); }
    [[nodiscard]] const std::vector<TimelineEntry>& entries() const { return entries_; }

  private:
    std::vector<TimelineEntry> entries_;
};

}  // namespace stcsim
