#include "memory/memory_hierarchy.h"

#include <algorithm>
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
      l2_(parameters, clock_hz, std::move(regions), written_share) {
    // There, through the slice, back, and the way of the credit to the slice. Queues do not count: an SM that waits for
    // a slow memory has as much under way as it may anyway.
    for (std::size_t i = 0; i < round_trips_.size(); ++i) {
        round_trips_[i] = 3 * link_latency_ + static_cast<double>(parameters.l2.hit_latency.value()) +
                          (i % 2 == 1 ? static_cast<double>(parameters.l2.far_latency.value()) : 0) +
                          (i >= 2 ? static_cast<double>(parameters.hbm.latency.value()) : 0);
    }
}

double MemoryHierarchy::leaves(const L2Request& request, double bytes_up, double& up, double credit) const {
    up = std::max(up, request.now) + request_cycles_ + bytes_up * link_cycles_per_byte_;
    // What is under way between SM and slice is through at the rate of `bytes_in_flight` per round trip; the next
    // request leaves when that is no more than a round trip ahead.
    return std::max(up, credit - round_trip({}));
}

void MemoryHierarchy::note_under_way(const L2Answer& answer, double bytes, double leaves, double& credit) const {
    credit = std::max(credit, leaves) +
             bytes * round_trip(answer) / static_cast<double>(parameters_.l2.bytes_in_flight.value());
}

L2Answer MemoryHierarchy::serve(L2Request& request, bool write, double& up, double& credit) {
    const double bytes = l2_.bytes_of(request.sectors);
    const double left = leaves(request, write ? bytes : 0, up, credit);
    request.arrival = left + link_latency_;
    const L2Answer answer = write ? l2_.write(request) : l2_.read(request);
    note_under_way(answer, bytes, left, credit);
    return answer;
}

void MemoryHierarchy::note_time(const L2Answer& answer, double left, double back) {
    const double hit = static_cast<double>(parameters_.l2.hit_latency.value()) +
                       (answer.far ? static_cast<double>(parameters_.l2.far_latency.value()) : 0);
    double at_memory = 0;
    double behind_l2 = 0;
    if (answer.from_memory || answer.merged) {
        behind_l2 = std::max(0.0, answer.ready - answer.turn - hit);
        at_memory = std::max(0.0, behind_l2 - static_cast<double>(parameters_.hbm.latency.value()));
    }
    const double latency = 2 * link_latency_ + hit + behind_l2 - at_memory;
    read_time_.latency += latency;
    read_time_.memory_queue += at_memory;
    read_time_.l2_queues += std::max(0.0, back - left - latency - at_memory);
}

Cycle MemoryHierarchy::access(SmIndex sm, std::span<const SectorRequest> requests, bool write, Cycle now) {
    const auto present = static_cast<double>(now.value());
    L2Request request;
    request.partition = partition_of(sm);
    request.now = present;
    places_.clear();
    for (const SectorRequest& line : requests) {
        places_.push_back(l2_.place_of(line.line));
        l2_.prefetch(request.partition, places_.back());
    }
    double& up = up_free_[sm.value()];
    double* const credits = &credit_free_[std::size_t{sm.value()} * parameters_.l2.slices];
    std::uint64_t bytes = 0;
    double last = present;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        request.line = requests[i].line;
        request.sectors = requests[i].sectors;
        request.place = places_[i];
        const L2Answer answer = serve(request, write, up, credits[l2_.slice_of(request.partition, request.place)]);
        const std::uint32_t moved = l2_.bytes_of(request.sectors);
        double ready = answer.ready;
        if (!write) {
            ready = down_[sm.value()].book(ready, moved, present) + link_latency_;
            note_time(answer, present, ready);
        }
        last = std::max(last, ready);
        bytes += moved;
    }
    (write ? written_bytes_ : read_bytes_) += bytes;
    return Cycle(static_cast<std::uint64_t>(std::ceil(last)));
}

Cycle MemoryHierarchy::update(SmIndex sm, std::span<const SectorRequest> requests, bool returns_values, Cycle now) {
    const auto present = static_cast<double>(now.value());
    L2Request request;
    request.partition = partition_of(sm);
    request.now = present;
    double& up = up_free_[sm.value()];
    double last = present;
    for (const SectorRequest& line : requests) {
        request.line = line.line;
        request.sectors = line.sectors;
        request.place = l2_.place_of(line.line);
        double& credit = credit_free_[sm.value() * std::size_t{parameters_.l2.slices} +
                                      l2_.slice_of(request.place.home, request.place)];
        const double left = leaves(request, line.operand_bytes, up, credit);
        request.arrival = left + link_latency_;
        const L2Answer answer = l2_.update(request, line.turns, line.operand_bytes);
        note_under_way(answer, line.operand_bytes, left, credit);
        double ready = answer.ready;
        if (returns_values) {
            ready = down_[sm.value()].book(ready, line.operand_bytes, present) + link_latency_;
            atomic_bytes_ += line.operand_bytes;
        }
        atomic_bytes_ += line.operand_bytes;
        last = std::max(last, ready);
    }
    return Cycle(static_cast<std::uint64_t>(std::ceil(last)));
}

std::size_t MemoryHierarchy::slice_of(SmIndex sm, std::uint64_t line) const {
    return l2_.slice_of(partition_of(sm), l2_.place_of(line));
}

bool MemoryHierarchy::is_near(SmIndex sm, std::uint64_t line) const {
    return l2_.place_of(line).home == partition_of(sm);
}

MemoryTraffic MemoryHierarchy::traffic() const {
    const L2Counts& counts = l2_.counts();
    const std::uint64_t sector = parameters_.l2.sector.value();
    return {.sm_read = read_bytes_,
            .sm_written = written_bytes_,
            .sm_atomic = atomic_bytes_,
            .l2_hit = counts.hit * sector,
            .l2_far_hit = counts.far_hit * sector,
            .l2_miss = counts.missed * sector,
            .l2_merged = counts.merged * sector,
            .l2_written_back = counts.written_back * sector,
            .l2_atomic = counts.atomic * sector,
            .l2_atomic_miss = counts.atomic_missed * sector,
            .l2_atomic_turns = counts.atomic_turns,
            .hbm_read = l2_.device_memory().read_bytes(),
            .hbm_written = l2_.device_memory().written_bytes(),
            .row_activations = l2_.device_memory().activations(),
            .read_time = read_time_};
}

void report_traffic(const MemoryTraffic& traffic, const MemoryParameters& parameters, CounterReport& report) {
    const auto rounded = [](double x) { return static_cast<std::uint64_t>(std::llround(x)); };
    const auto add_sectors = [&](std::string_view name, std::string_view meaning, std::uint64_t bytes) {
        report.add("memory.l2", name, "sectors", meaning, bytes / parameters.l2.sector.value());
    };
    report.add("memory.interconnect", "request_bytes", "bytes", "bytes written by the SMs", traffic.sm_written);
    report.add("memory.interconnect", "atomic_bytes", "bytes", "operands and old values of atomic operations",
               traffic.sm_atomic);
    report.add("memory.interconnect", "response_bytes", "bytes", "bytes returned to the SMs", traffic.sm_read);
    add_sectors("hit_sectors", "sectors read that were in the SM's partition", traffic.l2_hit);
    add_sectors("far_hit_sectors", "sectors read that were in the other partition only", traffic.l2_far_hit);
    add_sectors("merged_sectors", "sectors read that were already on their way", traffic.l2_merged);
    add_sectors("missed_sectors", "sectors requested from memory", traffic.l2_miss);
    add_sectors("written_sectors", "sectors written by the SMs", traffic.sm_written);
    add_sectors("written_back_sectors", "dirty sectors written back to memory", traffic.l2_written_back);
    add_sectors("atomic_sectors", "sectors with atomic operations", traffic.l2_atomic);
    add_sectors("atomic_missed_sectors", "of these, requested from memory", traffic.l2_atomic_miss);
    report.add("memory.l2", "atomic_turns", "turns", "turns of the slices' atomic units", traffic.l2_atomic_turns);
    report.add("memory.hbm", "read_bytes", "bytes", "bytes read from memory", rounded(traffic.hbm_read));
    report.add("memory.hbm", "written_bytes", "bytes", "bytes written to memory", rounded(traffic.hbm_written));
    report.add("memory.hbm", "row_activations", "rows", "rows opened", rounded(traffic.row_activations));
}

MemoryParameters fair_share(MemoryParameters parameters, std::uint32_t sms) {
    // One queue with the share of the bandwidth, not many slow ones: a sector's own transfer stays short, as it is when
    // all SMs share the fast slices and channels.
    L2CacheParameters& l2 = parameters.l2;
    l2.bytes_in_flight = l2.bytes_in_flight * std::uint64_t{l2.slices};
    l2.slice_bytes_per_cycle *= static_cast<double>(l2.slices) / sms;
    // One address never gets more than its slice's unit.
    l2.atomic_turns_per_cycle *= std::min(1.0, static_cast<double>(l2.slices) / sms);
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
