/// The L2: partitions of slices, each caching what its own SMs read; sectors fetched on demand, dirty ones written
/// back.
///
/// Overview: a line has a home partition. An SM asks its own partition's slice for it: there it may be (a near hit),
/// whether or not that is its home. If not and the home is the other partition, the request crosses over and finds it
/// in the home's tags (a far hit) or brings it from memory; then both partitions have it. So data that SMs of both
/// partitions read exists twice, and the capacity for it is half. Writes go to the home, which keeps them until they
/// are replaced; the other copy is dropped. Writes allocate without fetching: partly written sectors count as whole
/// (kernels here write whole sectors but for edges).
/// A slice moves `slice_bytes_per_cycle`, the crossing `crossing_bytes_per_cycle` in each direction. A sector leaves
/// its slice `hit_latency` after its turn, `far_latency` later if it had to cross. Sectors that are on their way from
/// memory are not asked for again: they leave when they are there.
/// Atomic operations are performed at the home, by a unit of the slice: a sector's words in one turn, but for lanes
/// that share a word, which take turns one after the other, `atomic_turns_per_cycle` of them. So operations on one
/// address are served in a row, whoever asks. Parameters: L2CacheParameters. With `regions` one SM stands for all, and
/// pays its share of the memory traffic. At most `written_share` of the capacity may hold data that waits to be written
/// back, then the oldest goes: when one SM stands for all, the others' results fill the rest.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <vector>

#include "memory/booking_calendar.h"
#include "memory/device_memory.h"
#include "memory/l2_tags.h"
#include "memory/memory_parameters.h"
#include "memory/shared_regions.h"

namespace stcsim {

/// Where the L2 keeps a line, for whichever partition.
struct L2Place {
    std::uint32_t home = 0;   ///< partition
    std::uint32_t slice = 0;  ///< within each partition
    std::size_t set = 0;      ///< of its tags
};

/// What the L2 is asked for: sectors of one line, by an SM of one partition.
struct L2Request {
    std::uint32_t partition = 0;
    std::uint64_t line = 0;
    L2Place place;              ///< of the line
    std::uint32_t sectors = 0;  ///< bit s: sector s of the line
    double arrival = 0;         ///< the cycle in which it reaches the slice
    double now = 0;             ///< no later request is made before
};

/// When it is served, and how it got there.
struct L2Answer {
    double ready = 0;  ///< the cycle in which the last sector leaves for the SM, or is taken (writes)
    double turn = 0;   ///< the cycle in which the slice of the SM's partition serves it
    bool far = false;  ///< it crossed between partitions
    bool from_memory = false;
    bool merged = false;  ///< it waited for sectors that others had asked the memory for
};

/// Sectors by where they were found.
struct L2Counts {
    std::uint64_t hit = 0;            ///< read, in the SM's own partition
    std::uint64_t far_hit = 0;        ///< read, in the other partition only
    std::uint64_t merged = 0;         ///< read, already on their way
    std::uint64_t missed = 0;         ///< read, requested from memory
    std::uint64_t written = 0;        ///< by the SMs
    std::uint64_t written_back = 0;   ///< to memory
    std::uint64_t atomic = 0;         ///< with atomic operations, once per request
    std::uint64_t atomic_missed = 0;  ///< of these, requested from memory
    std::uint64_t atomic_turns = 0;   ///< of the atomic units: turns, not sectors
};

class L2Cache {
  public:
    L2Cache(const MemoryParameters& parameters, double clock_hz, SharedRegions regions, double written_share);

    /// The lines of another L2 with the same parameters and no limit of dirty data, as present since ever; the other
    /// one gets those that were here.
    void take_contents(L2Cache&& other);

    [[nodiscard]] L2Place place_of(std::uint64_t line) const;
    /// See L2Tags.
    void prefetch(std::uint32_t partition, const L2Place& place) const { tags_[partition].prefetch(place.set); }
    L2Answer read(const L2Request& request);
    L2Answer write(const L2Request& request);
    /// Atomic operations that take `turns` of the slice's unit, with `operand_bytes` from the lanes.
    L2Answer update(const L2Request& request, std::uint32_t turns, double operand_bytes);

    /// The slice that serves a line to the SMs of a partition.
    [[nodiscard]] std::size_t slice_of(std::uint32_t partition, const L2Place& place) const {
        return std::size_t{partition} * slices_per_partition_ + place.slice;
    }

    /// What so many sectors (as a mask) are.
    [[nodiscard]] std::uint32_t bytes_of(std::uint32_t sectors) const { return bytes_of_[sectors]; }

    [[nodiscard]] const L2Counts& counts() const { return counts_; }
    [[nodiscard]] const DeviceMemory& device_memory() const { return device_memory_; }

  private:
    /// The line in the tags of a partition; what had to leave is written back.
    L2Line access_tags(std::uint32_t partition, const L2Request& request, double turn);
    /// Marks sectors as present from cycle `ready` on.
    static void fill(const L2Line& line, std::uint32_t sectors, double ready, double turn);
    /// When sectors that were found in tags can leave their slice, `ready` if they are there; counts them as hits or as
    /// merged with others' requests.
    double ready_of_found(const L2Line& line, std::uint32_t found, double ready, std::uint64_t& hits, double now);
    /// When sectors that are not in the SM's partition, which is not their home, leave the slice there.
    double cross(const L2Request& request, std::uint32_t sectors, double turn, L2Answer& answer);
    double fetch(const L2Request& request, std::uint32_t sectors, double turn);
    /// When a request is at its home's slice.
    double arrive_at_home(const L2Request& request, double bytes);
    void mark_dirty(L2Sectors& state, const L2Request& request);
    void drop_copies(const L2Request& request);
    void write_back(std::uint64_t line, std::uint32_t sectors, double arrival, double now);
    void write_back_oldest(double arrival, double now);

    L2CacheParameters parameters_;
    SharedRegions regions_;
    std::uint32_t slices_per_partition_;  ///< 0 in the share of one SM: all slices of all partitions are one queue
    Divisor partition_count_;
    Divisor slice_count_;  ///< of a partition
    std::array<std::uint32_t, 256> bytes_of_{};
    double hit_latency_;
    double far_latency_;
    double atomic_latency_;
    std::uint64_t most_dirty_sectors_;
    bool limits_dirty_;
    std::uint64_t dirty_sectors_ = 0;
    std::deque<std::uint64_t> dirty_lines_;   ///< if limited: in the order they became dirty; those that left included
    std::vector<L2Tags> tags_;                ///< per partition
    std::vector<BookingCalendar> slices_;     ///< bytes
    std::vector<BookingCalendar> atomics_;    ///< turns, by slice
    std::vector<BookingCalendar> crossings_;  ///< bytes, by the partition they come from
    DeviceMemory device_memory_;
    L2Counts counts_;
};

}  // namespace stcsim
