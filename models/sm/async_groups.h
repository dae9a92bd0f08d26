/// cp.async groups of one warp (PTX ISA, "cp.async.commit_group", "cp.async.wait_group").
#pragma once

#include <array>
#include <cstdint>

#include "base/error.h"
#include "base/machine_state.h"

namespace stcsim {

/// Counts the copies outstanding per group. Groups complete in any order; a wait is for all but the newest N.
class AsyncGroups {
  public:
    /// A copy is issued into the open group, whose number is returned.
    std::uint32_t begin_copy() {
        ++outstanding_[open_ % window];
        return open_;
    }
    /// A copy of the group has its data in shared memory.
    void end_copy(std::uint32_t group) {
        STCSIM_ASSERT(outstanding_[group % window] > 0);
        --outstanding_[group % window];
        while (oldest_ < open_ && outstanding_[oldest_ % window] == 0) ++oldest_;
    }
    /// Closes the open group.
    void commit() {
        ++open_;
        STCSIM_ASSERT(outstanding_[open_ % window] == 0);
        while (oldest_ < open_ && outstanding_[oldest_ % window] == 0) ++oldest_;
    }
    /// Whether at most `allowed` committed groups are incomplete, counted from the newest.
    [[nodiscard]] bool at_most_pending(std::uint32_t allowed) const { return open_ - oldest_ <= allowed; }
    /// Whether no copy is outstanding.
    [[nodiscard]] bool idle() const { return oldest_ == open_ && outstanding_[open_ % window] == 0; }

    /// `warp`: whose groups they are.
    void visit_state(StateVisitor& state, std::uint64_t warp) const {
        state.same(open_ - oldest_);
        for (std::uint32_t group = oldest_; group <= open_; ++group) {
            state.identity(warp, group);
            state.same(outstanding_[group % window]);
        }
    }

  private:
    static constexpr std::uint32_t window = 64;  ///< groups in flight; a kernel has one per pipeline stage

    std::array<std::uint32_t, window> outstanding_{};
    std::uint32_t open_ = 0;    ///< number of the open group
    std::uint32_t oldest_ = 0;  ///< the oldest incomplete group, or the open one
};

}  // namespace stcsim
