/// SharedMemory: the SM's unified memory: shared memory, used by all sub-cores and by arriving cp.async data, and the
/// data of the L1.
///
/// Overview: one wavefront (all banks, 128 bytes on Ampere) a cycle. Requesters - the sub-cores, the fills and the L1
/// accesses of the load/store unit - are served in turn, a request's wavefronts back to back. Arriving data come in
/// packets of `fill_bytes_per_cycle`, and each takes the banks for a cycle. A load returns over its sub-core's own
/// path, which takes `return_per_wavefront` cycles per wavefront; unloaded, it completes `base_latency` plus that after
/// its issue. A hit of the L1 is such a load; after `wavefronts_per_lost_cycle` wavefronts of hits the array loses a
/// cycle. Atomic operations take the wavefronts of their atomic_plan(); those with a result return one that far later
/// than a load.
/// Parameters: SharedMemoryParameters; of L1CacheParameters those of the array.
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
                 const L1CacheParameters& l1, std::uint32_t sub_cores, Bytes capacity, BankConflicts& conflicts,
                 const GlobalValues* memory);

    std::deque<ReadPort<SharedRequest>> requests;         ///< per sub-core
    std::deque<WritePort<MemoryCompletion>> completions;  ///< per sub-core
    ReadPort<SharedRequest> fills;                        ///< from the load/store unit
    ReadPort<SharedRequest> l1_accesses;                  ///< from the load/store unit: hits, and updates by stores

    void report(CounterReport& report) const;
    void visit_state(StateVisitor& state) override;

  private:
    void evaluate(Cycle now) override;
    [[nodiscard]] ReadPort<SharedRequest>* next_requester();
    [[nodiscard]] bool has_request() const;
    [[nodiscard]] ReadPort<SharedRequest>& requester(std::size_t number);
    void serve(SharedRequest request, Cycle now);
    /// Cycles of the array.
    [[nodiscard]] std::uint32_t occupation(const SharedRequest& request);
    /// Cycles until the data of a load or an atomic that is served now are back at the scheduler.
    [[nodiscard]] Cycle return_delay(const SharedRequest& request, std::uint32_t wavefronts, Cycle now);
    [[nodiscard]] std::uint32_t wavefronts_of(const LaneAccess& access);
    /// Packets in which the data of a fill arrive.
    [[nodiscard]] std::uint32_t packets_of(const LaneAccess& access) const;
    /// What the access would need without conflicts.
    [[nodiscard]] std::uint32_t least_wavefronts(const LaneAccess& access) const;
    /// `payload`: the data of stores and of L1 hits.
    [[nodiscard]] Payload move_values(SharedRequest& request, Payload payload);

    SharedMemoryParameters parameters_;
    L1CacheParameters l1_;
    BankConflicts& conflicts_;
    const GlobalValues* memory_;
    std::unique_ptr<SharedStorage> storage_;
    std::vector<Cycle> return_free_;  ///< per sub-core
    std::size_t turn_ = 0;
    Cycle free_{0};
    std::uint32_t since_lost_cycle_ = 0;  ///< wavefronts of L1 hits
    std::uint64_t load_wavefronts_ = 0;
    std::uint64_t store_wavefronts_ = 0;
    std::uint64_t fill_wavefronts_ = 0;
    std::uint64_t atomic_wavefronts_ = 0;
    std::uint64_t l1_wavefronts_ = 0;
    std::uint64_t l1_fill_wavefronts_ = 0;
    std::uint64_t conflict_wavefronts_ = 0;
    std::uint64_t filled_bytes_ = 0;
};

}  // namespace stcsim
