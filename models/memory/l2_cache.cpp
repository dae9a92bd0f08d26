#include "memory/l2_cache.h"

#include <algorithm>
#include <cmath>

#include "memory/address_hash.h"

namespace stcsim {
namespace {

/// Lines mostly have four sectors: counting them in place is faster than a library call where the processor's
/// instruction may not be assumed.
std::uint32_t count(std::uint32_t sectors) {
    std::uint32_t ones = 0;
    for (; sectors != 0; sectors >>= 1) ones += sectors & 1U;
    return ones;
}

}  // namespace

L2Cache::L2Cache(const sc_core::sc_module_name& name, Clock& clock, const L2CacheParameters& parameters,
                 std::uint32_t sms, SharedRegions regions, double written_share)
    : ClockedModule(name, clock),
      to_memory("to_memory", *this),
      from_memory("from_memory", *this),
      parameters_(parameters),
      regions_(std::move(regions)),
      tags_(parameters),
      most_dirty_sectors_(static_cast<std::uint64_t>(static_cast<double>(parameters.capacity.value()) * written_share /
                                                     static_cast<double>(parameters.sector.value()))),
      slice_free_(parameters.slices) {
    for (std::uint32_t i = 0; i < sms; ++i) {
        requests.emplace_back(sc_core::sc_gen_unique_name("requests"), *this);
        responses.emplace_back(sc_core::sc_gen_unique_name("responses"), *this);
    }
}

void L2Cache::evaluate(Cycle now) {
    while (from_memory.has_item()) receive_fill(from_memory.pop(), now);
    for (auto& port : requests) {
        while (port.has_item()) serve(port.pop(), now);
    }
}

Cycle L2Cache::distance(SmIndex sm, std::uint64_t hash) const {
    // Bits of the hash that do not choose the slice: in the share of one SM all partitions are behind one queue.
    const std::uint64_t partition = (hash >> 48) % parameters_.partitions;
    return sm.value() % parameters_.partitions == partition ? Cycle(0) : parameters_.far_latency;
}

void L2Cache::serve(TransactionPointer transaction, Cycle now) {
    transaction->awaited = 0;
    transaction->ready = now + parameters_.hit_latency;
    std::uint32_t index = 0;
    for (const SectorRequest& request : transaction->requests) {
        std::uint32_t missing = 0;
        transaction->ready = std::max(transaction->ready, serve_line(*transaction, request, now, missing));
        if (missing == 0) continue;
        if (transaction->awaited == 0) {
            if (free_waiting_.empty()) {
                free_waiting_.push_back(static_cast<std::uint32_t>(waiting_.size()));
                waiting_.emplace_back();
            }
            index = free_waiting_.back();
            free_waiting_.pop_back();
        }
        ++transaction->awaited;
        waiters_[request.line].push_back({index, missing, distance(transaction->sm, hash_address(request.line))});
    }
    if (transaction->awaited > 0) {
        waiting_[index] = std::move(transaction);
    } else {
        respond(std::move(transaction), now);
    }
}

void L2Cache::respond(TransactionPointer transaction, Cycle now) {
    const Cycle delay = std::max(transaction->ready - now, parameters_.hit_latency);
    WritePort<TransactionPointer>& port = responses[transaction->sm.value()];
    port.push(std::move(transaction), delay);
}

Cycle L2Cache::serve_line(const MemoryTransaction& transaction, const SectorRequest& request, Cycle now,
                          std::uint32_t& missing) {
    const std::uint64_t hash = hash_address(request.line);
    const std::uint64_t slice = hash % slice_free_.size();
    const auto present = static_cast<double>(now.value());
    const double bytes = static_cast<double>(count(request.sectors) * parameters_.sector.value());
    slice_free_[slice] = std::max(slice_free_[slice], present) + bytes / parameters_.slice_bytes_per_cycle;
    const Cycle turn(static_cast<std::uint64_t>(std::ceil(slice_free_[slice])));
    const Cycle ready = turn + parameters_.hit_latency + distance(transaction.sm, hash);

    std::optional<Eviction> evicted;
    L2Sectors* line = tags_.access(request.line, hash, evicted);
    if (evicted) {
        dirty_sectors_ -= count(evicted->dirty);
        written_back_sectors_ += count(evicted->dirty);
        send_to_memory(evicted->line, evicted->dirty, true);
    }
    if (transaction.write) written_sectors_ += count(request.sectors);
    if (line != nullptr && transaction.write) {
        write(request.line, request.sectors, *line);
        return ready;
    }
    if (transaction.write) {
        // Every way of the set waits for data: the sectors pass through without being kept.
        written_back_sectors_ += count(request.sectors);
        send_to_memory(request.line, request.sectors, true);
        return ready;
    }
    L2Sectors passing;
    if (line == nullptr) line = &passing;
    hit_sectors_ += count(request.sectors & line->present);
    missing = request.sectors & ~line->present;
    merged_sectors_ += count(missing & line->requested);
    fetch_missing(request.line, *line, missing & ~line->requested);
    return ready;
}

void L2Cache::write(std::uint64_t line, std::uint32_t sectors, L2Sectors& state) {
    if (state.dirty == 0) dirty_lines_.push_back(line);
    dirty_sectors_ += count(sectors & ~state.dirty);
    state.present |= sectors;
    state.dirty |= sectors;
    while (dirty_sectors_ > most_dirty_sectors_) write_back_oldest();
}

void L2Cache::write_back_oldest() {
    const std::uint64_t oldest = dirty_lines_.front();
    dirty_lines_.pop_front();
    L2Sectors* state = tags_.find(oldest);
    if (state == nullptr || state->dirty == 0) return;
    dirty_sectors_ -= count(state->dirty);
    written_back_sectors_ += count(state->dirty);
    send_to_memory(oldest, state->dirty, true);
    state->dirty = 0;
}

void L2Cache::fetch_missing(std::uint64_t line, L2Sectors& state, std::uint32_t sectors) {
    if (sectors == 0) return;
    missed_sectors_ += count(sectors);
    state.requested |= sectors;
    send_to_memory(line, sectors, false);
}

void L2Cache::send_to_memory(std::uint64_t line, std::uint32_t sectors, bool write) {
    const double bytes = static_cast<double>(count(sectors) * parameters_.sector.value());
    const double sharers = write ? 1 : sharers_of(regions_, line * parameters_.line.value());
    to_memory.push({line, sectors, bytes / sharers, write}, Cycle(1));
}

void L2Cache::receive_fill(const DeviceResponse& fill, Cycle now) {
    if (L2Sectors* line = tags_.find(fill.line)) {
        line->present |= fill.sectors;
        line->requested &= ~fill.sectors;
    }
    const auto found = waiters_.find(fill.line);
    if (found == waiters_.end()) return;
    std::vector<Waiter>& waiters = found->second;
    for (Waiter& waiter : waiters) {
        waiter.sectors &= ~fill.sectors;
        if (waiter.sectors != 0) continue;
        TransactionPointer& transaction = waiting_[waiter.transaction];
        transaction->ready = std::max(transaction->ready, now + parameters_.hit_latency + waiter.extra);
        if (--transaction->awaited > 0) continue;
        respond(std::move(transaction), now);
        free_waiting_.push_back(waiter.transaction);
    }
    std::erase_if(waiters, [](const Waiter& waiter) { return waiter.sectors == 0; });
    if (waiters.empty()) waiters_.erase(found);
}

void L2Cache::report(CounterReport& report) const {
    const std::string_view prefix = "memory.l2";
    report.add(prefix, "hit_sectors", "sectors", "sectors read that were present", hit_sectors_);
    report.add(prefix, "merged_sectors", "sectors", "sectors read that were already on their way", merged_sectors_);
    report.add(prefix, "missed_sectors", "sectors", "sectors requested from memory", missed_sectors_);
    report.add(prefix, "written_sectors", "sectors", "sectors written by the SMs", written_sectors_);
    report.add(prefix, "written_back_sectors", "sectors", "dirty sectors written back to memory",
               written_back_sectors_);
}

}  // namespace stcsim
