/// The account of one tensor core: every cycle gets exactly one cause.
///
/// An instrument, not a wire: the scheduler notes why it is not issuing an mma, the array notes what it executes and
/// when; nothing in the machine reads it. What either side notes for a cycle only matters for cycles before the
/// reader's present, so that their order within a cycle does not matter.
///
/// What the scheduler waited for is remembered for `remembered` cycles before the last that is in the account, many
/// times as long as an operation takes to the array; anything before counts as the oldest cause that is remembered.
#pragma once

#include <boost/circular_buffer.hpp>

#include "base/units.h"
#include "tensor_core/account.h"
#include "tensor_core/tensor_operation.h"

namespace stcsim {

/// Collects the account of one tensor core.
class CycleAttribution {
  public:
    CycleAttribution();
    /// From cycle `from` on, an idle array with no mma on its way is idle because of `cause`.
    void note_scheduler_cause(Cycle from, TensorCoreState cause);

    /// The array executes `operation` from `start` for `steps` busy cycles, and is held for `held` >= `steps` cycles in
    /// all because select lines come slowly. Starts must not overlap and come in order.
    ///
    /// Idle cycles before `start` are for metadata or operands as far as the operation waited for these in the
    /// pipeline; the rest is because it was issued late, and is attributed to what the scheduler waited for in as many
    /// cycles before the issue.
    void note_execution(const TensorOperation& operation, Cycle start, Cycle steps, Cycle held);

    /// Attributes what is left up to `end`. Call once.
    void finish(Cycle end);

    [[nodiscard]] const TensorCoreAccount& account() const { return account_; }
    void visit_state(StateVisitor& state);

  private:
    struct Cause {
        Cycle from;
        TensorCoreState state;
    };

    static constexpr Cycle remembered{512};

    void attribute_to_scheduler(Cycle from, Cycle to);
    void forget_old_causes();

    TensorCoreAccount account_;
    Cycle attributed_{0};  ///< all cycles before this one are in the account
    boost::circular_buffer<Cause> causes_;
};

}  // namespace stcsim
