/// The streaming multiprocessor: sub-cores (scheduler and tensor core) around a shared memory, a load/store unit, a
/// barrier unit and a CTA controller.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "memory/memory_parameters.h"
#include "memory/memory_transaction.h"
#include "sm/barrier_unit.h"
#include "sm/cta_controller.h"
#include "sm/load_store_unit.h"
#include "sm/shared_memory.h"
#include "sm/sm_parameters.h"
#include "sm/warp_scheduler.h"
#include "tensor_core/tensor_core.h"

namespace stcsim {

/// What an SM runs and what it needs from outside.
struct SmContext {
    InstructionStream& stream;
    std::uint32_t cta_slots;           ///< CTAs resident at once
    Cycle completion_latency;          ///< until the chip hears of a CTA's end
    const L2CacheParameters& cache;    ///< line and sector size
    Cycle link_latency;                ///< from the SM to the L2
    BankConflicts& bank_conflicts;     ///< of all SMs of a thread
    GlobalValues* memory;              ///< null: timing only
    Timeline* timeline;                ///< null: nothing recorded
    std::uint64_t construction_order;  ///< 0: as written
};

class StreamingMultiprocessor : public sc_core::sc_module {
  public:
    StreamingMultiprocessor(const sc_core::sc_module_name& name, Clock& clock, const SmParameters& parameters,
                            SmIndex index, const SmContext& context);

    [[nodiscard]] CtaController& cta_controller() { return *cta_controller_; }
    [[nodiscard]] LoadStoreUnit& load_store_unit() { return *load_store_unit_; }

    /// Ends the account of every tensor core at `end`. Call once, after the simulation.
    void finish(Cycle end);
    [[nodiscard]] TensorCoreAccount account() const;
    void report(CounterReport& report) const;

  private:
    /// One sub-core and its channels to what the SM shares.
    struct SubCore {
        std::unique_ptr<TensorCore> tensor_core;
        std::unique_ptr<WarpScheduler> scheduler;
        std::unique_ptr<RegisteredChannel<WarpLaunch>> launches;
        std::unique_ptr<RegisteredChannel<WarpExit>> exits;
        std::unique_ptr<RegisteredChannel<SharedRequest>> shared_requests;
        std::unique_ptr<RegisteredChannel<MemoryCompletion>> shared_completions;
        std::unique_ptr<RegisteredChannel<GlobalRequest>> global_requests;
        std::unique_ptr<RegisteredChannel<MemoryCompletion>> global_completions;
        std::unique_ptr<RegisteredChannel<BarrierArrival>> barrier_arrivals;
        std::unique_ptr<RegisteredChannel<BarrierRelease>> barrier_releases;
    };

    void build_shared_units(Clock& clock, const SmParameters& parameters, SmIndex index, const SmContext& context);
    void build_channels(Clock& clock, const SmParameters& parameters, SubCore& sub_core);
    void build_sub_core(Clock& clock, const SmParameters& parameters, const SmContext& context, std::uint32_t number);
    void connect(std::uint32_t number);

    RegisterFile registers_;
    RegisteredChannel<SharedRequest> fills_;
    RegisteredChannel<SharedRequest> l1_accesses_;
    std::vector<SubCore> sub_cores_;
    std::unique_ptr<SharedMemory> shared_memory_;
    std::unique_ptr<LoadStoreUnit> load_store_unit_;
    std::unique_ptr<BarrierUnit> barrier_unit_;
    std::unique_ptr<CtaController> cta_controller_;
};

}  // namespace stcsim
