/// L2Cache: slices in partitions, sectors fetched on demand, dirty sectors written back.
///
/// Overview: a line belongs to a slice; a slice moves `slice_bytes_per_cycle`. A sector that is there is ready
/// `hit_latency` after its slice has turned to it, `far_latency` later if the slice is in another partition than the
/// SM. A missing sector is requested from memory once, however many wait for it. Writes allocate without fetching:
/// partly written sectors count as whole (kernels here write whole sectors but for edges). A transaction returns when
/// its last sector is ready.
/// Parameters: L2CacheParameters. With `regions` one SM stands for all, and pays its share of the memory traffic. At
/// most `written_share` of the capacity may hold data that waits to be written back, then the oldest goes: when one SM
/// stands for all, the others' results fill the rest.
#pragma once

#include <deque>
#include <unordered_map>
#include <vector>

#include "base/counters.h"
#include "base/registered_channel.h"
#include "memory/device_memory.h"
#include "memory/l2_tags.h"
#include "memory/memory_parameters.h"
#include "memory/memory_transaction.h"
#include "memory/shared_regions.h"

namespace stcsim {

class L2Cache : public ClockedModule {
  public:
    L2Cache(const sc_core::sc_module_name& name, Clock& clock, const L2CacheParameters& parameters, std::uint32_t sms,
            SharedRegions regions, double written_share);

    std::deque<ReadPort<TransactionPointer>> requests;    ///< per SM
    std::deque<WritePort<TransactionPointer>> responses;  ///< per SM
    WritePort<DeviceRequest> to_memory;
    ReadPort<DeviceResponse> from_memory;

    void report(CounterReport& report) const;

  private:
    /// A transaction's need for sectors of a line that are on their way.
    struct Waiter {
        std::uint32_t transaction;  ///< index into waiting_
        std::uint32_t sectors;
        Cycle extra;  ///< far latency
    };

    void evaluate(Cycle now) override;
    void receive_fill(const DeviceResponse& fill, Cycle now);
    void serve(TransactionPointer transaction, Cycle now);
    /// When the sectors that are present (or written) are ready; sets `missing` to those that are not.
    Cycle serve_line(const MemoryTransaction& transaction, const SectorRequest& request, Cycle now,
                     std::uint32_t& missing);
    void write(std::uint64_t line, std::uint32_t sectors, L2Sectors& state);
    void write_back_oldest();
    void fetch_missing(std::uint64_t line, L2Sectors& state, std::uint32_t sectors);
    void send_to_memory(std::uint64_t line, std::uint32_t sectors, bool write);
    void respond(TransactionPointer transaction, Cycle now);
    [[nodiscard]] Cycle distance(SmIndex sm, std::uint64_t hash) const;

    L2CacheParameters parameters_;
    SharedRegions regions_;
    L2Tags tags_;
    std::uint64_t most_dirty_sectors_;
    std::uint64_t dirty_sectors_ = 0;
    std::deque<std::uint64_t> dirty_lines_;  ///< in the order they became dirty; lines that have left since included
    std::vector<double> slice_free_;         ///< in cycles
    std::unordered_map<std::uint64_t, std::vector<Waiter>> waiters_;  ///< by line
    std::vector<TransactionPointer> waiting_;
    std::vector<std::uint32_t> free_waiting_;
    std::uint64_t hit_sectors_ = 0;
    std::uint64_t merged_sectors_ = 0;
    std::uint64_t missed_sectors_ = 0;
    std::uint64_t written_sectors_ = 0;
    std::uint64_t written_back_sectors_ = 0;
};

}  // namespace stcsim
