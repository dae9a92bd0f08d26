#include "memory/l2_cache.h"

#include <algorithm>

#include "base/error.h"
#include "memory/address_hash.h"

namespace stcsim {
namespace {

/// What a bin of the calendars holds: a few lines.
constexpr double bin_bytes = 1024;

/// Lines mostly have four sectors: counting them in place is faster than a library call where the processor's
/// instruction may not be assumed.
std::uint32_t count(std::uint32_t sectors) {
    std::uint32_t ones = 0;
    for (; sectors != 0; sectors >>= 1U) ones += sectors & 1U;
    return ones;
}

}  // namespace

L2Cache::L2Cache(const MemoryParameters& parameters, double clock_hz, SharedRegions regions, double written_share)
    : parameters_(parameters.l2),
      regions_(std::move(regions)),
      slices_per_partition_(parameters.l2.slices / parameters.l2.partitions),
      hit_latency_(static_cast<double>(parameters.l2.hit_latency.value())),
      far_latency_(static_cast<double>(parameters.l2.far_latency.value())),
      most_dirty_sectors_(
          static_cast<std::uint64_t>(static_cast<double>(parameters.l2.capacity.value()) * written_share /
                                     static_cast<double>(parameters.l2.sector.value()))),
      limits_dirty_(written_share < 1),
      tags_(parameters.l2.partitions,
            L2Tags(parameters.l2, Bytes(parameters.l2.capacity.value() / parameters.l2.partitions))),
      slices_(parameters.l2.slices, BookingCalendar(parameters.l2.slice_bytes_per_cycle, bin_bytes)),
      crossings_(parameters.l2.partitions, BookingCalendar(parameters.l2.crossing_bytes_per_cycle, bin_bytes)),
      device_memory_(parameters.hbm, clock_hz) {
    STCSIM_ASSERT(parameters.l2.line.value() / parameters.l2.sector.value() <= 8);
}

std::size_t L2Cache::slice_of(std::uint32_t partition, std::uint64_t line) const {
    // In the share of one SM all slices of all partitions are one queue.
    if (slices_per_partition_ == 0) return 0;
    return partition * slices_per_partition_ + interleave(line, slices_per_partition_);
}

std::uint32_t L2Cache::home_of(std::uint64_t line) const {
    return static_cast<std::uint32_t>(interleave(line, parameters_.partitions));
}

double L2Cache::bytes_of(std::uint32_t sectors) const {
    return static_cast<double>(count(sectors) * parameters_.sector.value());
}

L2Line& L2Cache::access_tags(std::uint32_t partition, const L2Request& request, double turn) {
    std::optional<Eviction> evicted;
    L2Line& line = tags_[partition].access(request.line, evicted);
    if (evicted) {
        dirty_sectors_ -= count(evicted->dirty);
        write_back(evicted->line, evicted->dirty, turn, request.now);
    }
    return line;
}

void L2Cache::fill(L2Line& line, std::uint32_t sectors, double ready, double turn) {
    // Sectors that were on their way and have arrived are no longer pending; the others wait for the later ones.
    if (line.ready <= turn) line.pending = 0;
    line.present = static_cast<std::uint8_t>(line.present | sectors);
    line.pending = static_cast<std::uint8_t>(line.pending | sectors);
    line.ready = std::max(line.ready, ready);
}

double L2Cache::fetch(const L2Request& request, std::uint32_t sectors, double turn) {
    counts_.missed += count(sectors);
    const std::uint64_t address = request.line * parameters_.line.value();
    return device_memory_.read(address, bytes_of(sectors), 1 / sharers_of(regions_, address), turn, request.now) +
           hit_latency_;
}

double L2Cache::cross(const L2Request& request, std::uint32_t sectors, double turn, L2Answer& answer) {
    const std::uint32_t home = home_of(request.line);
    const double bytes = bytes_of(sectors);
    answer.far = true;
    const double home_turn = slices_[slice_of(home, request.line)].book(turn, bytes, request.now);
    L2Line& line = access_tags(home, request, home_turn);
    const std::uint32_t missing = sectors & ~std::uint32_t{line.present};
    const std::uint32_t found = sectors & line.present;
    double ready = home_turn + hit_latency_;
    if ((found & line.pending) != 0 && line.ready > ready) {
        ready = line.ready;
        counts_.merged += count(found & line.pending);
        counts_.far_hit += count(found & ~std::uint32_t{line.pending});
    } else {
        counts_.far_hit += count(found);
    }
    if (missing != 0) {
        answer.from_memory = true;
        const double fetched = fetch(request, missing, home_turn);
        fill(line, missing, fetched, home_turn);
        ready = std::max(ready, fetched);
    }
    return crossings_[home].book(ready, bytes, request.now) + far_latency_;
}

L2Answer L2Cache::read(const L2Request& request) {
    L2Answer answer;
    const double turn = slices_[slice_of(request.partition, request.line)].book(request.arrival,
                                                                                bytes_of(request.sectors), request.now);
    L2Line& line = access_tags(request.partition, request, turn);
    const std::uint32_t missing = request.sectors & ~std::uint32_t{line.present};
    const std::uint32_t found = request.sectors & line.present;
    answer.ready = turn + hit_latency_;
    if ((found & line.pending) != 0 && line.ready > answer.ready) {
        answer.ready = line.ready;
        counts_.merged += count(found & line.pending);
        counts_.hit += count(found & ~std::uint32_t{line.pending});
    } else {
        counts_.hit += count(found);
    }
    if (missing == 0) return answer;
    double arrived = 0;
    if (home_of(request.line) == request.partition) {
        answer.from_memory = true;
        arrived = fetch(request, missing, turn);
    } else {
        arrived = cross(request, missing, turn, answer);
    }
    fill(line, missing, arrived, turn);
    answer.ready = std::max(answer.ready, arrived);
    return answer;
}

L2Answer L2Cache::write(const L2Request& request) {
    L2Answer answer;
    const std::uint32_t home = home_of(request.line);
    const double bytes = bytes_of(request.sectors);
    answer.far = home != request.partition;
    double arrival = request.arrival;
    if (answer.far) arrival = crossings_[request.partition].book(arrival, bytes, request.now) + far_latency_;
    const double turn = slices_[slice_of(home, request.line)].book(arrival, bytes, request.now);
    L2Line& line = access_tags(home, request, turn);
    const std::uint32_t clean = request.sectors & ~std::uint32_t{line.dirty};
    counts_.written += count(request.sectors);
    if (limits_dirty_ && line.dirty == 0) dirty_lines_.push_back(request.line);
    dirty_sectors_ += count(clean);
    line.dirty = static_cast<std::uint8_t>(line.dirty | request.sectors);
    line.present = static_cast<std::uint8_t>(line.present | request.sectors);
    line.pending = static_cast<std::uint8_t>(line.pending & ~request.sectors);
    drop_copies(home, request.line);
    while (limits_dirty_ && dirty_sectors_ > most_dirty_sectors_) write_back_oldest(turn, request.now);
    answer.ready = turn + hit_latency_;
    return answer;
}

void L2Cache::drop_copies(std::uint32_t home, std::uint64_t line) {
    for (std::uint32_t partition = 0; partition < tags_.size(); ++partition) {
        if (partition == home) continue;
        if (L2Line* const copy = tags_[partition].find(line)) copy->present = copy->pending = 0;
    }
}

void L2Cache::write_back(std::uint64_t line, std::uint32_t sectors, double arrival, double now) {
    counts_.written_back += count(sectors);
    device_memory_.write(line * parameters_.line.value(), bytes_of(sectors), arrival, now);
}

void L2Cache::write_back_oldest(double arrival, double now) {
    const std::uint64_t oldest = dirty_lines_.front();
    dirty_lines_.pop_front();
    L2Line* const line = tags_[home_of(oldest)].find(oldest);
    if (line == nullptr || line->dirty == 0) return;
    dirty_sectors_ -= count(line->dirty);
    write_back(oldest, line->dirty, arrival, now);
    line->dirty = 0;
}

}  // namespace stcsim
