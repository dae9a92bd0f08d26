/// CtaController: places CTAs that the chip hands to the SM onto its warp slots and notices when they end.
#pragma once

#include <deque>
#include <vector>

#include "base/counters.h"
#include "base/registered_channel.h"
#include "isa/instruction_stream.h"
#include "sm/sm_messages.h"

namespace stcsim {

class CtaController : public ClockedModule {
  public:
    /// `cta_slots` CTAs of these resources fit at once; each gets `shared_bytes_per_slot` of shared memory.
    /// The chip hears of a CTA's end `completion_latency` after it.
    CtaController(const sc_core::sc_module_name& name, Clock& clock, std::uint32_t sub_cores, std::uint32_t cta_slots,
                  const CtaResources& resources, Bytes shared_bytes_per_slot, Cycle completion_latency);

    ReadPort<CtaLaunch> launches;  ///< from the chip's CTA scheduler
    WritePort<CtaDone> done;
    std::deque<WritePort<WarpLaunch>> warps;  ///< per sub-core
    std::deque<ReadPort<WarpExit>> exits;     ///< per sub-core

    void report(CounterReport& report) const;
    void visit_state(StateVisitor& state) override;

  private:
    struct Slot {
        bool occupied = false;
        CtaIndex cta;
        std::uint32_t running_warps = 0;
    };

    void evaluate(Cycle now) override;
    void place(CtaIndex cta);

    CtaResources resources_;
    Bytes shared_bytes_per_slot_;
    Cycle completion_latency_;
    std::vector<Slot> slots_;
    std::uint64_t ctas_ = 0;
};

}  // namespace stcsim
