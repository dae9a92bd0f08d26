/// LoadStoreUnit: global loads, stores, atomics and cp.async of an SM, and the tags of its L1.
///
/// Overview: takes requests of the sub-cores in turn, coalesces them into sectors and sends one transaction per warp
/// instruction to the interconnect, `bytes_per_cycle` of them each cycle; at most `outstanding_requests` are in flight.
/// Data of cp.async goes on to the shared memory as a fill; data of loads back to the warp.
/// Loads and cp.async that use the L1 (CacheUse) look their lines up first, `tags_per_cycle` each cycle. If all sectors
/// are present, the data array serves them like a load from shared memory, `tag_latency` later. Else a transaction
/// fetches what is neither present nor under way; the load is complete when the last of its sectors has arrived, and
/// what arrives is written into the array beside. Other accesses pass the L1 by.
/// A fence is complete when everything that its warp has stored or changed before is performed at the L2; the L1
/// forgets all it has. Parameters: LoadStoreUnitParameters, L1CacheParameters.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "base/counters.h"
#include "base/registered_channel.h"
#include "memory/global_values.h"
#include "memory/memory_parameters.h"
#include "memory/memory_transaction.h"
#include "sm/l1_cache.h"
#include "sm/sm_messages.h"
#include "sm/sm_parameters.h"

namespace stcsim {

/// What the unit knows of the SM and the chip around it.
struct LoadStoreContext {
    SmIndex sm;
    std::uint32_t sub_cores;
    std::uint32_t warp_slots;
    Bytes l1_capacity;
    const L2CacheParameters& cache;  ///< line and sector size
    Cycle link_latency;              ///< from the SM to the L2, where a transaction becomes visible
    GlobalValues* memory;            ///< null if values are not simulated
};

class LoadStoreUnit : public ClockedModule {
  public:
    LoadStoreUnit(const sc_core::sc_module_name& name, Clock& clock, const LoadStoreUnitParameters& parameters,
                  const L1CacheParameters& l1, const LoadStoreContext& context);

    std::deque<ReadPort<GlobalRequest>> requests;         ///< per sub-core
    std::deque<WritePort<MemoryCompletion>> completions;  ///< per sub-core, for loads that missed, atomics and fences
    WritePort<SharedRequest> fills;                       ///< to the shared memory
    WritePort<SharedRequest> l1_accesses;                 ///< to the same array: hits, and updates by stores
    WritePort<TransactionPointer> to_memory;
    ReadPort<TransactionPointer> from_memory;

    /// The cycle of the latest response: when the last store had reached the L2.
    [[nodiscard]] Cycle last_response() const { return last_response_; }
    void report(CounterReport& report) const;
    void visit_state(StateVisitor& state) override;

  private:
    /// A request that waits for transactions, by the tag of its own one.
    struct InFlight {
        GlobalRequest request;
        std::uint32_t awaited = 0;           ///< transactions
        std::vector<std::uint32_t> waiters;  ///< requests, by tag, that wait for this one's transaction
    };
    /// Sectors of an access by how they were served.
    struct L1Counts {
        std::uint64_t requests = 0;
        std::uint64_t hit = 0;
        std::uint64_t merged = 0;
        std::uint64_t missed = 0;
        std::uint64_t updated_stores = 0;
        std::uint64_t invalidations = 0;
    };

    void evaluate(Cycle now) override;
    void accept_responses();
    void arrive(TransactionPointer transaction);
    void accept_request(Cycle now);
    /// Each returns the cycles for which the unit is busy with the request.
    Cycle accept(GlobalRequest request);
    Cycle accept_cached(GlobalRequest request, TransactionPointer transaction);
    Cycle accept_fence(GlobalRequest request);
    /// What a store, an atomic or an acquiring load does to the L1.
    void pass_by_l1(const GlobalRequest& request, const MemoryTransaction& transaction);
    /// Looks the lines up, leaves in the transaction what it must fetch; the tags of other transactions to wait for.
    std::vector<std::uint32_t> look_up(MemoryTransaction& transaction);
    void serve_hit(GlobalRequest request);
    void send(GlobalRequest request, TransactionPointer transaction);
    [[nodiscard]] Cycle transfer_time(const MemoryTransaction& transaction) const;
    void complete(GlobalRequest request);
    void complete_to_warp(const GlobalRequest& request);
    void finish_write(WarpSlot warp);
    [[nodiscard]] bool has_request() const;
    [[nodiscard]] TransactionPointer take_transaction();
    [[nodiscard]] Payload load_values(const GlobalRequest& request) const;
    void store_values(const GlobalRequest& request);
    [[nodiscard]] bool can_complete(const GlobalRequest& request) const;

    LoadStoreUnitParameters parameters_;
    L1CacheParameters l1_parameters_;
    L2CacheParameters cache_;
    Cycle way_to_cache_;
    SmIndex sm_;
    GlobalValues* memory_;
    L1Cache l1_;
    std::vector<InFlight> in_flight_;         ///< by transaction tag
    std::vector<std::uint64_t> accepted_as_;  ///< by tag: the number of the transaction
    std::vector<std::uint32_t> free_tags_;
    std::vector<TransactionPointer> spare_;             ///< finished transactions, to reuse their storage
    std::deque<std::uint32_t> ready_;                   ///< tags of requests to complete when there is space
    std::vector<std::uint32_t> open_writes_;            ///< by warp slot: stores and reductions not yet performed
    std::vector<std::optional<GlobalRequest>> fences_;  ///< by warp slot: one that waits for these
    std::size_t turn_ = 0;
    Cycle free_{0};
    Cycle last_response_{0};
    std::uint64_t read_bytes_ = 0;
    std::uint64_t written_bytes_ = 0;
    std::uint64_t atomic_bytes_ = 0;
    std::uint64_t transactions_ = 0;
    L1Counts l1_counts_;
};

}  // namespace stcsim
