/// What cp.async of a warp has read and not yet delivered.
///
/// Groups are per thread: each lane counts the groups it has committed. A copy belongs to the group its lane commits
/// next, and appears in shared memory when the lane waits for that group.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/units.h"

namespace stcsim {

/// One cp.async of a warp.
struct AsyncCopy {
    static constexpr std::size_t most_bytes = 16;

    std::uint32_t instruction = 0;       ///< number in the kernel
    std::uint32_t lanes = 0;             ///< whose data are still to be delivered
    std::uint8_t bytes = 0;              ///< per lane
    std::uint32_t suspicious_lanes = 0;  ///< what they have read is undefined,
    std::uint32_t suspicion = 0;         ///< for this reason (Suspicions)
    std::array<std::uint32_t, warp_lanes> group{};
    std::array<std::uint32_t, warp_lanes> address{};  ///< in shared memory
    std::array<std::array<std::byte, most_bytes>, warp_lanes> data{};
};

class AsyncCopies {
  public:
    /// A copy to be filled in; its lanes' groups are set.
    AsyncCopy& start(std::uint32_t instruction, std::uint32_t lanes, std::uint8_t bytes) {
        if (count_ == copies_.size()) copies_.emplace_back();
        AsyncCopy& copy = copies_[count_++];
        copy.instruction = instruction;
        copy.lanes = lanes;
        copy.bytes = bytes;
        copy.suspicious_lanes = 0;
        copy.suspicion = 0;
        copy.group = committed_;
        return copy;
    }

    void commit(std::uint32_t lanes) {
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) committed_[lane] += lanes >> lane & 1U;
    }

    /// Calls deliver(copy, lanes) for the lanes whose groups are complete when all but the `pending` newest groups are,
    /// in the order of the copies.
    template <typename Deliver>
    void wait(std::uint32_t lanes, std::uint32_t pending, Deliver deliver) {
        deliver_if(lanes, deliver, [&](const AsyncCopy& copy, std::uint32_t lane) {
            return copy.group[lane] + pending < committed_[lane];
        });
    }

    /// The same for everything, committed or not.
    template <typename Deliver>
    void wait_all(std::uint32_t lanes, Deliver deliver) {
        deliver_if(lanes, deliver, [](const AsyncCopy&, std::uint32_t) { return true; });
    }

    /// Copies that some lane still waits for.
    [[nodiscard]] std::size_t outstanding() const { return count_; }
    [[nodiscard]] const AsyncCopy& copy(std::size_t i) const { return copies_[i]; }

  private:
    template <typename Deliver, typename IsComplete>
    void deliver_if(std::uint32_t lanes, Deliver deliver, IsComplete is_complete) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < count_; ++i) {
            AsyncCopy& copy = copies_[i];
            std::uint32_t complete = 0;
            for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
                const bool has = ((copy.lanes & lanes) >> lane & 1U) != 0;
                if (has && is_complete(copy, lane)) complete |= 1U << lane;
            }
            if (complete != 0) deliver(copy, complete);
            copy.lanes &= ~complete;
            if (copy.lanes == 0) continue;
            if (kept != i) std::swap(copies_[kept], copy);
            ++kept;
        }
        count_ = kept;
    }

    std::vector<AsyncCopy> copies_;  ///< the first count_ are outstanding; the others keep their memory
    std::size_t count_ = 0;
    std::array<std::uint32_t, warp_lanes> committed_{};
};

}  // namespace stcsim
