#include "memory/memory_hierarchy.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace stcsim {
namespace {

constexpr double link_bin_bytes = 1024;  ///< what a bin of a link's calendar holds

}  // namespace

MemoryHierarchy::MemoryHierarchy(const MemoryParameters& parameters, std::uint32_t sms, double clock_hz,
                                 SharedRegions regions, double written_share)
    : parameters_(parameters),
      link_latency_(static_cast<double>(parameters.interconnect.latency.value())),
      link_cycles_per_byte_(1 / static_cast<double>(parameters.interconnect.bytes_per_cycle.value())),
      request_cycles_(static_cast<double>(parameters.interconnect.request_bytes.value()) * link_cycles_per_byte_),
      up_free_(sms),
      down_(sms, BookingCalendar(static_cast<double>(parameters.interconnect.bytes_per_cycle.value()), link_bin_bytes)),
      credit_free_(std::size_t{sms} * parameters.l2.slices),
      l2_(parameters, clock_hz, std::move(regions), written_share) {}

double MemoryHierarchy::round_trip(const L2Answer& answer) const {
    // There, through the slice, back, and the way of the credit to the slice. Queues do not count: an SM that waits for
    // a slow memory has as much under way as it may anyway.
    return 3 * link_latency_ + static_cast<double>(parameters_.l2.hit_latency.value()) +
           (answer.far ? static_cast<double>(parameters_.l2.far_latency.value()) : 0) +
           (answer.from_memory ? static_cast<double>(parameters_.hbm.latency.value()) : 0);
}

Cycle MemoryHierarchy::access(const LineAccess& access, Cycle now) {
    const auto present = static_cast<double>(now.value());
    const std::uint64_t bytes =
        static_cast<std::uint64_t>(std::popcount(access.sectors)) * parameters_.l2.sector.value();
    const std::uint32_t partition = partition_of(access.sm);

    double& up = up_free_[access.sm.value()];
    up = std::max(up, present) + request_cycles_ +
         (access.write ? static_cast<double>(bytes) * link_cycles_per_byte_ : 0);
    // What is under way between SM and slice is through at the rate of `bytes_in_flight` per round trip; the next
    // request leaves when that is no more than a round trip ahead.
    double& credit = credit_free_[access.sm.value() * parameters_.l2.slices + l2_.slice_of(partition, access.line)];
    const double leaves = std::max(up, credit - round_trip({}));
    const L2Request request{.partition = partition,
                            .line = access.line,
                            .sectors = access.sectors,
                            .arrival = leaves + link_latency_,
                            .now = present};
    const L2Answer answer = access.write ? l2_.write(request) : l2_.read(request);
    credit = std::max(credit, leaves) + static_cast<double>(bytes) * round_trip(answer) /
                                            static_cast<double>(parameters_.l2.bytes_in_flight.value());
    if (access.write) {
        written_bytes_ += bytes;
        return Cycle(static_cast<std::uint64_t>(std::ceil(answer.ready)));
    }
    read_bytes_ += bytes;
    const double returned = down_[access.sm.value()].book(answer.ready, static_cast<double>(bytes), present);
    return Cycle(static_cast<std::uint64_t>(std::ceil(returned + link_latency_)));
}

std::size_t MemoryHierarchy::slice_of(SmIndex sm, std::uint64_t line) const {
    return l2_.slice_of(partition_of(sm), line);
}

bool MemoryHierarchy::is_near(SmIndex sm, std::uint64_t line) const {
    return l2_.home_of(line) == partition_of(sm);
}

MemoryTraffic MemoryHierarchy::traffic() const {
    const L2Counts& counts = l2_.counts();
    const std::uint64_t sector = parameters_.l2.sector.value();
    return {.sm_read = read_bytes_,
            .sm_written = written_bytes_,
            .l2_hit = counts.hit * sector,
            .l2_far_hit = counts.far_hit * sector,
            .l2_miss = counts.missed * sector,
            .merged = counts.merged * sector,
            .hbm_read = l2_.device_memory().read_bytes(),
            .hbm_written = l2_.device_memory().written_bytes(),
            .row_activations = l2_.device_memory().activations()};
}

void MemoryHierarchy::report(CounterReport& report) const {
    const auto rounded = [](double x) { return static_cast<std::uint64_t>(std::llround(x)); };
    const L2Counts& counts = l2_.counts();
    const DeviceMemory& hbm = l2_.device_memory();
    report.add("memory.interconnect", "request_bytes", "bytes", "bytes written by the SMs", written_bytes_);
    report.add("memory.interconnect", "response_bytes", "bytes", "bytes returned to the SMs", read_bytes_);
    report.add("memory.l2", "hit_sectors", "sectors", "sectors read that were in the SM's partition", counts.hit);
    report.add("memory.l2", "far_hit_sectors", "sectors", "sectors read that were in the other partition only",
               counts.far_hit);
    report.add("memory.l2", "merged_sectors", "sectors", "sectors read that were already on their way", counts.merged);
    report.add("memory.l2", "missed_sectors", "sectors", "sectors requested from memory", counts.missed);
    report.add("memory.l2", "written_sectors", "sectors", "sectors written by the SMs", counts.written);
    report.add("memory.l2", "written_back_sectors", "sectors", "dirty sectors written back to memory",
               counts.written_back);
    report.add("memory.hbm", "read_bytes", "bytes", "bytes read from memory", rounded(hbm.read_bytes()));
    report.add("memory.hbm", "written_bytes", "bytes", "bytes written to memory", rounded(hbm.written_bytes()));
    report.add("memory.hbm", "row_activations", "rows", "rows opened", rounded(hbm.activations()));
}

MemoryParameters fair_share(MemoryParameters parameters, std::uint32_t sms) {
    // One queue with the share of the bandwidth, not many slow ones: a sector's own transfer stays short, as it is when
    // all SMs share the fast slices and channels.
    L2CacheParameters& l2 = parameters.l2;
    l2.bytes_in_flight = l2.bytes_in_flight * std::uint64_t{l2.slices};
    l2.slice_bytes_per_cycle *= static_cast<double>(l2.slices) / sms;
    l2.slices = 1;
    l2.crossing_bytes_per_cycle *= static_cast<double>(l2.partitions) / sms;  // each is for one partition's SMs
    HighBandwidthMemoryParameters& hbm = parameters.hbm;
    hbm.bytes_per_second /= sms;
    hbm.activation_window_seconds *= static_cast<double>(sms) / hbm.channels;
    hbm.banks = std::max(1U, hbm.banks * hbm.channels / sms);
    hbm.channels = 1;
    return parameters;
}

}  // namespace stcsim
