/// MemoryHierarchy: everything between the SMs and the memory's cells, without SystemC.
///
/// Overview: an SM has a link, `bytes_per_cycle` in each direction and `latency` each way, to the L2 (l2_cache.h),
/// behind which is the HBM (device_memory.h). Every access is followed to its end when it is made: it books its turn on
/// each link, slice, crossing and channel on its way (booking_calendar.h), so the caller knows at once when its data
/// are back. Between an SM and a slice at most `bytes_in_flight` are under way, which is what bounds an SM that reads
/// from one slice only. SMs are dealt out evenly to the partitions. Parameters: MemoryParameters.
#pragma once

#include <cstdint>
#include <vector>

#include "base/counters.h"
#include "base/units.h"
#include "memory/booking_calendar.h"
#include "memory/l2_cache.h"
#include "memory/memory_parameters.h"
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
    std::uint64_t l2_hit = 0;      ///< read, in the SM's own partition
    std::uint64_t l2_far_hit = 0;  ///< read, in the other partition only
    std::uint64_t l2_miss = 0;     ///< read, asked of the memory
    std::uint64_t merged = 0;      ///< read, on their way already
    double hbm_read = 0;           ///< a share of l2_miss if one SM stands for all
    double hbm_written = 0;
    double row_activations = 0;  ///< a number of rows, not bytes
};

class MemoryHierarchy {
  public:
    /// `sms` requesters; `clock_hz` of the SMs turns bytes per second into bytes per cycle. `regions` and
    /// `written_share`: see L2Cache.
    MemoryHierarchy(const MemoryParameters& parameters, std::uint32_t sms, double clock_hz, SharedRegions regions = {},
                    double written_share = 1);

    /// Tells the host's processor what an access to this line will need: to be called a few accesses ahead.
    void prefetch(SmIndex sm, std::uint64_t line) const { l2_.prefetch(partition_of(sm), line); }
    /// Books an access that leaves the SM in cycle `now`, which never decreases from call to call. Returns the cycle in
    /// which its data are back at the SM (reads) or the L2 has taken it (writes).
    Cycle access(const LineAccess& access, Cycle now);

    /// The slice that serves the line to the SM, and whether the line's home is the SM's own partition.
    [[nodiscard]] std::size_t slice_of(SmIndex sm, std::uint64_t line) const;
    [[nodiscard]] bool is_near(SmIndex sm, std::uint64_t line) const;

    [[nodiscard]] MemoryTraffic traffic() const;
    void report(CounterReport& report) const;

  private:
    [[nodiscard]] std::uint32_t partition_of(SmIndex sm) const { return sm.value() % parameters_.l2.partitions; }
    [[nodiscard]] double round_trip(const L2Answer& answer) const;

    MemoryParameters parameters_;
    double link_latency_;
    double link_cycles_per_byte_;
    double request_cycles_;
    std::vector<double> up_free_;        ///< per SM: the cycle from which its link to the L2 is free
    std::vector<BookingCalendar> down_;  ///< per SM, bytes
    std::vector<double> credit_free_;    ///< by SM and slice: when what is under way between them would be through
    L2Cache l2_;
    std::uint64_t read_bytes_ = 0;
    std::uint64_t written_bytes_ = 0;
};

/// The parameters of the memory that one SM of `sms` would see if all of them asked for as much: its fair share of the
/// L2's and the HBM's bandwidth, each as one queue; its own link, all of the capacity and the latencies stay.
MemoryParameters fair_share(MemoryParameters parameters, std::uint32_t sms);

}  // namespace stcsim
