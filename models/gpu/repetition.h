/// Steady states: what the machine does over and over again is simulated once and counted as often as it happens.
///
/// Overview: at the beginning of a warp's iterations the state of the whole machine, relative to the present cycle, is
/// compared with earlier ones (base/machine_state.h). When it is equal to one, the machine has a period: it does what
/// it did since then again and again, until a number that advances - the k-tile a warp is at - comes to its end. One
/// more period is simulated to see what it adds to the counters; then as many as fit are skipped.
///
/// Skipping leaves the machine as it is but for the advancing numbers: its clock does not move on. The skipped cycles
/// and counters are kept here, and belong to the result. So no module has to move its times; what is relative
/// stays as it is, by the definition of a period.
///
/// A machine of many SMs has a large state, and behind a real memory it practically never comes to the same one twice.
/// So looking may take no more than a share of the work of simulating: whether a period is found may depend on that,
/// but no result does.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/clock_group.h"
#include "base/counters.h"
#include "base/machine_state.h"
#include "tensor_core/account.h"

namespace stcsim {

/// What the machine has done.
struct WorkDone {
    Cycle cycles{0};
    TensorCoreAccount account;
    CounterReport counters;
};

class Repetition : public CycleObserver {
  public:
    /// `work_done` tells account and counters of the machine whose clocks these are.
    Repetition(ClockGroup& clocks, const AddressUnits& units, std::function<WorkDone()> work_done);

    void cycle_ended(Cycle now) override;

    /// Cycles and counters that were not simulated.
    [[nodiscard]] const WorkDone& skipped() const { return skipped_; }

    /// Words of all states that were recorded: what looking has cost.
    [[nodiscard]] std::uint64_t recorded_words() const { return recorded_words_; }

    /// One word of state may be recorded for so many evaluations of modules. A word takes some 70 ns to be recorded,
    /// hashed and kept, an evaluation some 200 (1024x1024x1024 on all SMs, with limits from 2^20 to 2^22 words).
    static constexpr std::uint64_t evaluations_per_word = 8;
    /// And these beside: what small machines need until they have settled.
    static constexpr std::uint64_t first_words = std::uint64_t{1} << 21;

  private:
    struct Boundary {
        Cycle at{0};
        MachineState state;
    };
    /// A period that is being simulated once more.
    struct Period {
        Cycle begin{0};
        Cycle end{0};
        MachineState state;  ///< at the beginning
        WorkDone before;
    };

    [[nodiscard]] MachineState state_at(Cycle now);
    [[nodiscard]] bool may_look() const;
    void look_for_period(Cycle now);
    void end_period();

    ClockGroup& clocks_;
    AddressUnits units_;
    std::function<WorkDone()> work_done_;
    std::unordered_map<std::uint64_t, Boundary> boundaries_;  ///< earlier ones, by a hash of the state
    std::optional<Period> period_;
    WorkDone skipped_;
    std::uint64_t recorded_words_ = 0;
};

}  // namespace stcsim
