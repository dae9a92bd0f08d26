/// MemoryHierarchy: everything between the SMs and the memory's cells, without SystemC.
///
/// Overview: an SM has a link, `bytes_per_cycle` in each direction and `latency` each way, to the L2 (l2_cache.h),
/// behind which is the HBM (device_memory.h). Every access is followed to its end when it is made: it books its turn on
/// each link, slice, crossing and channel on its way (booking_calendar.h), so the caller knows at once when its data
/// are back. Between an SM and a slice at most `bytes_in_flight` are under way, which is what bounds an SM that reads
/// from one slice only. SMs are dealt out evenly to the partitions. Parameters: MemoryParameters.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/counters.h"
#include "base/units.h"
#include "memory/booking_calendar.h"
#include "memory/l2_cache.h"
#include "memory/memory_parameters.h"
#include "memory/memory_transaction.h"
#include "memory/read_time.h"
#include "memory/shared_regions.h"

namespace stcsim {

/// Sectors of one line, read or written by an SM.
struct LineAccess {
    SmIndex sm;
    std::uint64_t line = 0;     ///< address / line size
    std::uint32_t sectors = 0;  ///< bit s: sector s of the line
    bool write = false;
};

/// What has been moved since construction, in bytes.
struct MemoryTraffic {
    std::uint64_t sm_read = 0;
    std::uint64_t sm_written = 0;
    std::uint64_t sm_atomic = 0;        ///< operands of atomic operations, and old values returned
    std::uint64_t l2_hit = 0;           ///< read, in the SM's own partition
    std::uint64_t l2_far_hit = 0;       ///< read, in the other partition only
    std::uint64_t l2_miss = 0;          ///< read, asked of the memory
    std::uint64_t l2_merged = 0;        ///< read, on their way already
    std::uint64_t l2_written_back = 0;  ///< dirty, to the memory
    std::uint64_t l2_atomic = 0;        ///< of sectors with atomic operations
    std::uint64_t l2_atomic_miss = 0;   ///< of these, asked of the memory
    std::uint64_t l2_atomic_turns = 0;  ///< of the slices' atomic units: a number, not bytes
    double hbm_read = 0;                ///< a share of l2_miss if one SM stands for all
    double hbm_written = 0;
    double row_activations = 0;  ///< a number of rows, not bytes
    ReadTime read_time;
};

/// The traffic as counters: bytes on the links and of the memory, sectors of the L2.
void report_traffic(const MemoryTraffic& traffic, const MemoryParameters& parameters, CounterReport& report);

class MemoryHierarchy {
  public:
    /// `sms` requesters; `clock_hz` of the SMs turns bytes per second into bytes per cycle. `regions` and
    /// `written_share`: see L2Cache.
    MemoryHierarchy(const MemoryParameters& parameters, std::uint32_t sms, double clock_hz, SharedRegions regions = {},
                    double written_share = 1);

    /// Books accesses of an SM that leave it in cycle `now`, which never decreases from call to call, in their order.
    /// Returns the cycle in which the data of the last are back at the SM (reads) or the L2 has taken it (writes);
    /// `now` if there are none.
    Cycle access(SmIndex sm, std::span<const SectorRequest> requests, bool write, Cycle now);
    /// The same of a single one.
    Cycle access(const LineAccess& access, Cycle now) {
        const SectorRequest request{.line = access.line, .sectors = access.sectors};
        return this->access(access.sm, {&request, 1}, access.write, now);
    }
    /// Books atomic operations in the same way. Returns the cycle in which the old values are back at the SM, or,
    /// without `returns_values`, in which the L2 has done the last.
    Cycle update(SmIndex sm, std::span<const SectorRequest> requests, bool returns_values, Cycle now);

    /// Takes over what the L2 of another hierarchy with the same parameters holds, everything having arrived there.
    void take_contents(MemoryHierarchy&& other) { l2_.take_contents(std::move(other.l2_)); }

    /// The slice that serves the line to the SM, and whether the line's home is the SM's own partition.
    [[nodiscard]] std::size_t slice_of(SmIndex sm, std::uint64_t line) const;
    [[nodiscard]] bool is_near(SmIndex sm, std::uint64_t line) const;

    [[nodiscard]] MemoryTraffic traffic() const;
    void report(CounterReport& report) const { report_traffic(traffic(), parameters_, report); }

  private:
    [[nodiscard]] std::uint32_t partition_of(SmIndex sm) const { return sm.value() % parameters_.l2.partitions; }
    /// What an access takes without queues, from the SM through the slice and back, and the way of the credit.
    [[nodiscard]] double round_trip(const L2Answer& answer) const {
        return round_trips_[(answer.far ? 1 : 0) + (answer.from_memory ? 2 : 0)];
    }
    /// When an access of a partition's SM, with these times of its link and credit, is served.
    L2Answer serve(L2Request& request, bool write, double& up, double& credit);
    /// When a request that takes the link to the L2 for these bytes leaves it.
    [[nodiscard]] double leaves(const L2Request& request, double bytes_up, double& up, double credit) const;
    void note_under_way(const L2Answer& answer, double bytes, double leaves, double& credit) const;
    /// Adds a read line, left in cycle `left` and back at the SM in `back`, to the read time.
    void note_time(const L2Answer& answer, double left, double back);

    MemoryParameters parameters_;
    double link_latency_;
    double link_cycles_per_byte_;
    double request_cycles_;
    std::array<double, 4> round_trips_{};  ///< by far + 2 from_memory
    std::vector<L2Place> places_;          ///< of the accesses in progress
    std::vector<double> up_free_;          ///< per SM: the cycle from which its link to the L2 is free
    std::vector<BookingCalendar> down_;    ///< per SM, bytes
    std::vector<double> credit_free_;      ///< by SM and slice: when what is under way between them would be through
    L2Cache l2_;
    std::uint64_t read_bytes_ = 0;
    std::uint64_t written_bytes_ = 0;
    std::uint64_t atomic_bytes_ = 0;
    ReadTime read_time_;
};

/// The parameters of the memory that one SM of `sms` would see if all of them asked for as much: its fair share of the
/// L2's and the HBM's bandwidth, each as one queue; its own link, all of the capacity and the latencies stay.
MemoryParameters fair_share(MemoryParameters parameters, std::uint32_t sms);

}  // namespace stcsim
