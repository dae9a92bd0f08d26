/// Semaphores in global memory on which the CTAs of a launch wait for each other: when each was raised.
///
/// A CTA raises its semaphore once, and others read it until they see that. What a read sees is what was raised before
/// it issued: both take the same way to the L2. A read is answered after at least a round of the machine's clocks
/// (base/clock_group.h), so every SM has then come to the cycle in which it issued, whichever of them runs first; they
/// may run in several threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/units.h"

namespace stcsim {

class Semaphores {
  public:
    explicit Semaphores(std::uint64_t ctas) : raised_(ctas) {
        for (std::atomic<Cycle>& raised : raised_) raised = never;
    }

    void raise(CtaIndex cta, Cycle now) {
        const Cycle before = raised_.at(cta.value()).exchange(now);
        STCSIM_ASSERT(before == never);
    }
    /// Whether a read that issued in cycle `at` sees the CTA's semaphore raised.
    [[nodiscard]] bool raised_before(CtaIndex cta, Cycle at) const { return raised_.at(cta.value()).load() < at; }

  private:
    std::vector<std::atomic<Cycle>> raised_;
};

}  // namespace stcsim
