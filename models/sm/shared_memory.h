/// SharedMemory: the SM's shared memory, used by all sub-cores and by arriving cp.async data.
///
/// Overview: one wavefront (all banks, 128 bytes on Ampere) a cycle. Requesters - the sub-cores and the fills from the
/// load/store unit - are served in turn, a request's wavefronts back to back. Arriving data come in packets of
/// `fill_bytes_per_cycle`, and each takes the banks for a cycle. A load returns over its sub-core's own
/// path, which takes `return_per_wavefront` cycles per wavefront; unloaded, it completes `base_latency` plus that after
/// its issue.
/// Parameters: SharedMemoryParameters.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/counters.h"
#include "base/registered_channel.h"
#include "memory/global_values.h"
#include "sm/bank_conflicts.h"
#include "sm/shared_storage.h"
#include "sm/sm_messages.h"
#include "sm/sm_parameters.h"

namespace stcsim {

class SharedMemory : public ClockedModule {
  public:
    /// `memory` is where fills come from; null if values are not simulated.
    SharedMemory(const sc_core::sc_module_name& name, Clock& clock, const SharedMemoryParameters& parameters,
                 std::uint32_t sub_cores, Bytes capacity, BankConflicts& conflicts, const GlobalValues* memory);

    std::deque<ReadPort<SharedRequest>> requests;         ///< per sub-core
    std::deque<WritePort<MemoryCompletion>> completions;  ///< per sub-core
    ReadPort<SharedRequest> fills;                        ///< from the load/store unit

    void report(CounterReport& report) const;
    void visit_state(StateVisitor& state) override;

  private:
    void evaluate(Cycle now) override;
    [[nodiscard]] ReadPort<SharedRequest>* next_requester();
    [[nodiscard]] bool has_request() const;
    void serve(SharedRequest request, Cycle now);
    [[nodiscard]] std::uint32_t wavefronts_of(const LaneAccess& access);
    /// Packets in which the data of a fill arrive.
    [[nodiscard]] std::uint32_t packets_of(const LaneAccess& access) const;
    [[nodiscard]] Payload move_values(SharedRequest& request);

    SharedMemoryParameters parameters_;
    BankConflicts& conflicts_;
    const GlobalValues* memory_;
    std::unique_ptr<SharedStorage> storage_;
    std::vector<Cycle> return_free_;  ///< per sub-core
    std::size_t turn_ = 0;
    Cycle free_{0};
    std::uint64_t load_wavefronts_ = 0;
    std::uint64_t store_wavefronts_ = 0;
    std::uint64_t fill_wavefronts_ = 0;
    std::uint64_t conflict_wavefronts_ = 0;
    std::uint64_t filled_bytes_ = 0;
};

}  // namespace stcsim
