/// LoadStoreUnit: global loads, stores and cp.async of an SM.
///
/// Overview: takes requests of the sub-cores in turn, `bytes_per_cycle` each cycle, coalesces them into sectors and
/// sends one transaction per warp instruction to the interconnect; at most `outstanding_requests` are in flight. Data
/// of cp.async goes on to the shared memory as a fill; data of loads back to the warp. cp.async goes to L2 directly, as
/// `cp.async.cg` does; an L1 for loads is not modelled (no kernel here loads through it). A fence is answered when the
/// warp's stores before it have reached the L2.
/// Parameters: LoadStoreUnitParameters.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "base/counters.h"
#include "base/registered_channel.h"
#include "memory/global_values.h"
#include "memory/memory_parameters.h"
#include "memory/memory_transaction.h"
#include "sm/sm_messages.h"
#include "sm/sm_parameters.h"

namespace stcsim {

class LoadStoreUnit : public ClockedModule {
  public:
    /// `link_latency`: from the SM to the L2, where a transaction becomes visible. `memory` is null if values are not
    /// simulated.
    LoadStoreUnit(const sc_core::sc_module_name& name, Clock& clock, const LoadStoreUnitParameters& parameters,
                  const L2CacheParameters& cache, Cycle link_latency, std::uint32_t sub_cores, SmIndex sm,
                  GlobalValues* memory);

    std::deque<ReadPort<GlobalRequest>> requests;         ///< per sub-core
    std::deque<WritePort<MemoryCompletion>> completions;  ///< per sub-core, for ld.global
    WritePort<SharedRequest> fills;                       ///< to the shared memory
    WritePort<TransactionPointer> to_memory;
    ReadPort<TransactionPointer> from_memory;

    /// The cycle of the latest response: when the last store had reached the L2.
    [[nodiscard]] Cycle last_response() const { return last_response_; }
    void report(CounterReport& report) const;
    void visit_state(StateVisitor& state) override;

  private:
    void evaluate(Cycle now) override;
    void accept_responses();
    void accept_request(Cycle now);
    void complete(GlobalRequest request);
    [[nodiscard]] bool has_request() const;
    [[nodiscard]] TransactionPointer take_transaction();
    [[nodiscard]] Payload load_values(const GlobalRequest& request) const;
    void store_values(const GlobalRequest& request);
    [[nodiscard]] bool can_complete(const GlobalRequest& request) const;
    /// A fence completes with the last of the warp's stores before it.
    void accept_fence(GlobalRequest request);
    void end_store(WarpSlot warp);
    [[nodiscard]] bool ends_fence(WarpSlot warp) const;  ///< the warp's next store that ends
    void complete_fence(const GlobalRequest& fence);

    LoadStoreUnitParameters parameters_;
    L2CacheParameters cache_;
    Cycle way_to_cache_;
    SmIndex sm_;
    GlobalValues* memory_;
    std::vector<GlobalRequest> in_flight_;    ///< by transaction tag
    std::vector<std::uint64_t> accepted_as_;  ///< by tag: the number of the transaction
    std::vector<std::uint32_t> free_tags_;
    /// Of a warp: stores on their way, and the fence that waits for them.
    struct WarpStores {
        std::uint32_t on_their_way = 0;
        std::optional<GlobalRequest> fence;
    };
    std::vector<WarpStores> stores_;         ///< by warp slot
    std::vector<TransactionPointer> spare_;  ///< finished transactions, to reuse their storage
    std::size_t turn_ = 0;
    Cycle free_{0};
    Cycle last_response_{0};
    std::uint64_t read_bytes_ = 0;
    std::uint64_t written_bytes_ = 0;
    std::uint64_t transactions_ = 0;
};

}  // namespace stcsim
