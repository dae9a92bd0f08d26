#include "memory/l2_cache.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/error.h"
#include "base/units.h"
#include "memory/address_hash.h"

namespace stcsim {
namespace {

/// What a bin of the calendars holds: a few lines.
constexpr double bin_bytes = 1024;
/// Turns of a warp whose lanes all change the same word.
constexpr double bin_turns = warp_lanes;

/// The ones of each mask of sectors: a table is faster than a library call where the processor's instruction may not be
/// assumed.
constexpr std::array<std::uint8_t, 256> ones = [] {
    std::array<std::uint8_t, 256> table{};
    for (std::uint32_t mask = 0; mask < table.size(); ++mask) {
        table[mask] = static_cast<std::uint8_t>(std::popcount(mask));
    }
    return table;
}();

std::uint32_t count(std::uint32_t sectors) {
    return ones[sectors];
}

}  // namespace

L2Cache::L2Cache(const MemoryParameters& parameters, double clock_hz, SharedRegions regions, double written_share)
    : parameters_(parameters.l2),
      regions_(std::move(regions)),
      slices_per_partition_(parameters.l2.slices / parameters.l2.partitions),
      partition_count_(parameters.l2.partitions),
      slice_count_(std::max(1U, slices_per_partition_)),
      hit_latency_(static_cast<double>(parameters.l2.hit_latency.value())),
      far_latency_(static_cast<double>(parameters.l2.far_latency.value())),
      atomic_latency_(static_cast<double>(parameters.l2.atomic_latency.value())),
      most_dirty_sectors_(
          static_cast<std::uint64_t>(static_cast<double>(parameters.l2.capacity.value()) * written_share /
                                     static_cast<double>(parameters.l2.sector.value()))),
      limits_dirty_(written_share < 1),
      tags_(parameters.l2.partitions,
            L2Tags(parameters.l2, Bytes(parameters.l2.capacity.value() / parameters.l2.partitions))),
      slices_(parameters.l2.slices, BookingCalendar(parameters.l2.slice_bytes_per_cycle, bin_bytes)),
      atomics_(parameters.l2.slices, BookingCalendar(parameters.l2.atomic_turns_per_cycle, bin_turns)),
      crossings_(parameters.l2.partitions, BookingCalendar(parameters.l2.crossing_bytes_per_cycle, bin_bytes)),
      device_memory_(parameters.hbm, clock_hz) {
    STCSIM_ASSERT(parameters.l2.line.value() / parameters.l2.sector.value() <= 8);
    for (std::uint32_t mask = 0; mask < bytes_of_.size(); ++mask) {
        bytes_of_[mask] = static_cast<std::uint32_t>(count(mask) * parameters.l2.sector.value());
    }
}

void L2Cache::take_contents(L2Cache&& other) {
    STCSIM_ASSERT(!limits_dirty_ && !other.limits_dirty_ && tags_.size() == other.tags_.size());
    std::swap(tags_, other.tags_);
    std::swap(dirty_sectors_, other.dirty_sectors_);
    for (L2Tags& tags : tags_) tags.all_arrived();
}

L2Place L2Cache::place_of(std::uint64_t line) const {
    return {.home = static_cast<std::uint32_t>(interleave(line, partition_count_)),
            .slice = static_cast<std::uint32_t>(interleave(line, slice_count_)),
            .set = tags_.front().set_of(line)};
}

L2Line L2Cache::access_tags(std::uint32_t partition, const L2Request& request, double turn) {
    std::optional<Eviction> evicted;
    const L2Line line = tags_[partition].access(request.line, request.place.set, evicted);
    if (evicted) {
        dirty_sectors_ -= count(evicted->dirty);
        write_back(evicted->line, evicted->dirty, turn, request.now);
    }
    return line;
}

void L2Cache::fill(const L2Line& line, std::uint32_t sectors, double ready, double turn) {
    // Sectors that were on their way and have arrived are no longer pending; the others wait for the later ones.
    if (line.ready <= turn) line.sectors.pending = 0;
    line.sectors.present = static_cast<std::uint8_t>(line.sectors.present | sectors);
    line.sectors.pending = static_cast<std::uint8_t>(line.sectors.pending | sectors);
    line.ready = std::max(line.ready, ready);
}

double L2Cache::fetch(const L2Request& request, std::uint32_t sectors, double turn) {
    counts_.missed += count(sectors);
    const std::uint64_t address = request.line * parameters_.line.value();
    return device_memory_.read(address, bytes_of(sectors), 1 / sharers_of(regions_, address), turn, request.now) +
           hit_latency_;
}

double L2Cache::ready_of_found(const L2Line& line, std::uint32_t found, double ready, std::uint64_t& hits, double now) {
    std::uint32_t merged = 0;
    if (const std::uint32_t pending = found & line.sectors.pending; pending != 0) {
        if (line.ready > ready) {
            ready = line.ready;
            merged = count(pending);
        } else if (line.ready <= now) {
            // Nobody can be earlier any more; later ones need not look at the time again.
            line.sectors.pending = 0;
        }
    }
    counts_.merged += merged;
    hits += count(found) - merged;
    return ready;
}

double L2Cache::cross(const L2Request& request, std::uint32_t sectors, double turn, L2Answer& answer) {
    const std::uint32_t home = request.place.home;
    const double bytes = bytes_of(sectors);
    answer.far = true;
    const double home_turn = slices_[slice_of(home, request.place)].book(turn, bytes, request.now);
    const L2Line line = access_tags(home, request, home_turn);
    const std::uint32_t missing = sectors & ~std::uint32_t{line.sectors.present};
    const std::uint32_t found = sectors & line.sectors.present;
    double ready = ready_of_found(line, found, home_turn + hit_latency_, counts_.far_hit, request.now);
    answer.merged = answer.merged || ready > home_turn + hit_latency_;
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
    const double turn = slices_[slice_of(request.partition, request.place)].book(
        request.arrival, bytes_of(request.sectors), request.now);
    answer.turn = turn;
    const L2Line line = access_tags(request.partition, request, turn);
    const std::uint32_t missing = request.sectors & ~std::uint32_t{line.sectors.present};
    const std::uint32_t found = request.sectors & line.sectors.present;
    answer.ready = ready_of_found(line, found, turn + hit_latency_, counts_.hit, request.now);
    answer.merged = answer.ready > turn + hit_latency_;
    if (missing == 0) return answer;
    double arrived = 0;
    if (request.place.home == request.partition) {
        answer.from_memory = true;
        arrived = fetch(request, missing, turn);
    } else {
        arrived = cross(request, missing, turn, answer);
    }
    fill(line, missing, arrived, turn);
    answer.ready = std::max(answer.ready, arrived);
    return answer;
}

double L2Cache::arrive_at_home(const L2Request& request, double bytes) {
    if (request.place.home == request.partition) return request.arrival;
    return crossings_[request.partition].book(request.arrival, bytes, request.now) + far_latency_;
}

L2Answer L2Cache::write(const L2Request& request) {
    L2Answer answer;
    const std::uint32_t home = request.place.home;
    const double bytes = bytes_of(request.sectors);
    answer.far = home != request.partition;
    const double turn = slices_[slice_of(home, request.place)].book(arrive_at_home(request, bytes), bytes, request.now);
    L2Sectors& state = access_tags(home, request, turn).sectors;
    counts_.written += count(request.sectors);
    mark_dirty(state, request);
    state.present = static_cast<std::uint8_t>(state.present | request.sectors);
    state.pending = static_cast<std::uint8_t>(state.pending & ~request.sectors);
    drop_copies(request);
    while (limits_dirty_ && dirty_sectors_ > most_dirty_sectors_) write_back_oldest(turn, request.now);
    answer.ready = turn + hit_latency_;
    return answer;
}

L2Answer L2Cache::update(const L2Request& request, std::uint32_t turns, double operand_bytes) {
    L2Answer answer;
    const std::uint32_t home = request.place.home;
    const std::size_t slice = slice_of(home, request.place);
    answer.far = home != request.partition;
    const double turn =
        slices_[slice].book(arrive_at_home(request, operand_bytes), bytes_of(request.sectors), request.now);
    const L2Line line = access_tags(home, request, turn);
    // The unit waits for sectors on their way; nothing else of a hit's latency lies before it.
    double at_unit = turn;
    if ((request.sectors & line.sectors.present & line.sectors.pending) != 0) {
        at_unit = std::max(at_unit, line.ready - hit_latency_);
    }
    const std::uint32_t missing = request.sectors & ~std::uint32_t{line.sectors.present};
    if (missing != 0) {
        answer.from_memory = true;
        counts_.atomic_missed += count(missing);
        const std::uint64_t address = request.line * parameters_.line.value();
        const double fetched =
            device_memory_.read(address, bytes_of(missing), 1 / sharers_of(regions_, address), turn, request.now);
        fill(line, missing, fetched + hit_latency_, turn);
        at_unit = std::max(at_unit, fetched);
    }
    counts_.atomic += count(request.sectors);
    counts_.atomic_turns += turns;
    const double done = atomics_[slice].book(at_unit, turns, request.now);
    mark_dirty(line.sectors, request);
    drop_copies(request);
    while (limits_dirty_ && dirty_sectors_ > most_dirty_sectors_) write_back_oldest(turn, request.now);
    answer.ready = done + hit_latency_ + atomic_latency_;
    return answer;
}

void L2Cache::mark_dirty(L2Sectors& state, const L2Request& request) {
    if (limits_dirty_ && state.dirty == 0) dirty_lines_.push_back(request.line);
    dirty_sectors_ += count(request.sectors & ~std::uint32_t{state.dirty});
    state.dirty = static_cast<std::uint8_t>(state.dirty | request.sectors);
}

void L2Cache::drop_copies(const L2Request& request) {
    for (std::uint32_t partition = 0; partition < tags_.size(); ++partition) {
        if (partition == request.place.home) continue;
        if (L2Sectors* const copy = tags_[partition].find(request.line, request.place.set)) {
            copy->present = copy->pending = 0;
        }
    }
}

void L2Cache::write_back(std::uint64_t line, std::uint32_t sectors, double arrival, double now) {
    counts_.written_back += count(sectors);
    device_memory_.write(line * parameters_.line.value(), bytes_of(sectors), arrival, now);
}

void L2Cache::write_back_oldest(double arrival, double now) {
    const std::uint64_t oldest = dirty_lines_.front();
    dirty_lines_.pop_front();
    const L2Place place = place_of(oldest);
    L2Sectors* const line = tags_[place.home].find(oldest, place.set);
    if (line == nullptr || line->dirty == 0) return;
    dirty_sectors_ -= count(line->dirty);
    write_back(oldest, line->dirty, arrival, now);
    line->dirty = 0;
}

}  // namespace stcsim
