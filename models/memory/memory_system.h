/// MemorySystem: the MemoryHierarchy behind the SMs' channels.
///
/// Overview: takes the SMs' transactions in the order in which they arrive, then of the SMs, books each of their lines,
/// and sends the transaction back for the cycle in which the last of them is there.
#pragma once

#include <deque>

#include "base/clock_group.h"
#include "base/registered_channel.h"
#include "memory/memory_hierarchy.h"
#include "memory/memory_transaction.h"

namespace stcsim {

class MemorySystem : public ClockedModule {
  public:
    /// See MemoryHierarchy.
    MemorySystem(const sc_core::sc_module_name& name, Clock& clock, const MemoryParameters& parameters,
                 std::uint32_t sms, double clock_hz, SharedRegions regions = {}, double written_share = 1);

    /// Connects one SM, whose modules run with `sm_clock`, by default the memory system's. It pushes its requests with
    /// the delay of its own way to the interconnect and the latency of the interconnect together: so long the chip
    /// may run without looking at the SM.
    void connect(std::uint32_t sm, WritePort<TransactionPointer>& requests, ReadPort<TransactionPointer>& responses,
                 Clock* sm_clock = nullptr);

    /// The shortest time in which the memory system can see anything of an SM, and the other way round. `sm_latency`:
    /// of the way to the interconnect inside the SM.
    static ShortestDelays shortest_delays(const MemoryParameters& parameters, Cycle sm_latency);

    /// From now on every access is back at its SM after this time, however many there are.
    void idealise(Cycle latency) { ideal_latency_ = latency; }

    [[nodiscard]] const MemoryHierarchy& hierarchy() const { return hierarchy_; }
    [[nodiscard]] MemoryHierarchy& hierarchy() { return hierarchy_; }
    void report(CounterReport& report) const { hierarchy_.report(report); }
    void visit_state(StateVisitor& state) override;

  private:
    void evaluate(Cycle now) override;
    /// The cycle in which the transaction is back at its SM.
    Cycle serve(const MemoryTransaction& transaction, Cycle now);

    Cycle link_latency_;
    std::optional<Cycle> ideal_latency_;
    bool accessed_ = false;
    MemoryHierarchy hierarchy_;
    std::deque<ReadPort<TransactionPointer>> requests_;    ///< per SM
    std::deque<WritePort<TransactionPointer>> responses_;  ///< per SM
    std::deque<RegisteredChannel<TransactionPointer>> channels_;
};

}  // namespace stcsim
