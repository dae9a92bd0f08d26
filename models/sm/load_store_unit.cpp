#include "sm/load_store_unit.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <utility>

#include "sm/coalescing.h"
#include "sm/shared_storage.h"

namespace stcsim {
namespace {

constexpr std::uint32_t no_tag = ~std::uint32_t{0};

}  // namespace

LoadStoreUnit::LoadStoreUnit(const sc_core::sc_module_name& name, Clock& clock,
                             const LoadStoreUnitParameters& parameters, const L1CacheParameters& l1,
                             const LoadStoreContext& context)
    : ClockedModule(name, clock),
      fills("fills", *this),
      l1_accesses("l1_accesses", *this),
      to_memory("to_memory", *this),
      from_memory("from_memory", *this),
      parameters_(parameters),
      l1_parameters_(l1),
      cache_(context.cache),
      way_to_cache_(parameters.latency + context.link_latency),
      sm_(context.sm),
      memory_(context.memory),
      l1_(l1, context.cache, context.l1_capacity),
      in_flight_(parameters.outstanding_requests),
      accepted_as_(parameters.outstanding_requests),
      free_tags_(parameters.outstanding_requests),
      open_writes_(context.warp_slots),
      fences_(context.warp_slots) {
    std::iota(free_tags_.rbegin(), free_tags_.rend(), 0U);
    for (std::uint32_t i = 0; i < context.sub_cores; ++i) {
        requests.emplace_back(sc_core::sc_gen_unique_name("requests"), *this);
        completions.emplace_back(sc_core::sc_gen_unique_name("completions"), *this);
    }
}

void LoadStoreUnit::evaluate(Cycle now) {
    accept_responses();
    if (now < free_) {
        if (has_request()) wake_at(free_);
        return;
    }
    accept_request(now);
}

void LoadStoreUnit::accept_responses() {
    while (true) {
        while (!ready_.empty()) {
            const std::uint32_t tag = ready_.front();
            if (!can_complete(in_flight_[tag].request)) return;
            ready_.pop_front();
            free_tags_.push_back(tag);
            complete(std::exchange(in_flight_[tag].request, {}));
        }
        if (!from_memory.has_item() || !can_complete(in_flight_[from_memory.front()->tag].request)) return;
        arrive(from_memory.pop());
    }
}

void LoadStoreUnit::arrive(TransactionPointer transaction) {
    last_response_ = clock().now();
    const std::uint32_t tag = transaction->tag;
    InFlight& owner = in_flight_[tag];
    if (owner.request.cache == CacheUse::l1 && transaction->access == MemoryAccess::read) {
        for (const SectorRequest& line : transaction->requests) l1_.fill(line, tag);
        SharedRequest fill;
        fill.operation = OperationClass::load_global;
        fill.warp = owner.request.warp;
        fill.l1_fill = transaction->bytes;
        // What cp.async brings is written once, into the array it shares with shared memory.
        if (owner.request.operation == OperationClass::load_global) fills.push(std::move(fill));
    }
    if (--owner.awaited == 0) ready_.push_back(tag);
    for (const std::uint32_t waiter : std::exchange(owner.waiters, {})) {
        if (--in_flight_[waiter].awaited == 0) ready_.push_back(waiter);
    }
    spare_.push_back(std::move(transaction));
}

bool LoadStoreUnit::can_complete(const GlobalRequest& request) const {
    const bool to_warp = completions[request.warp.value() % completions.size()].has_space();
    switch (request.operation) {
        case OperationClass::copy_async: return fills.has_space();
        case OperationClass::load_global: return to_warp && (request.cache != CacheUse::l1 || fills.has_space());
        default: return to_warp || (request.destination.count == 0 && !fences_[request.warp.value()]);
    }
}

void LoadStoreUnit::complete(GlobalRequest request) {
    if (request.operation == OperationClass::copy_async) {
        SharedRequest fill;
        fill.operation = request.operation;
        fill.warp = request.warp;
        fill.access = request.shared;
        fill.source = request.global;
        fill.copy_group = request.copy_group;
        fills.push(std::move(fill));
        return;
    }
    if (request.destination.count > 0) complete_to_warp(request);
    if (request.operation != OperationClass::load_global) finish_write(request.warp);
}

void LoadStoreUnit::complete_to_warp(const GlobalRequest& request) {
    MemoryCompletion completion;
    completion.operation = request.operation;
    completion.warp = request.warp;
    completion.destination = request.destination;
    if (memory_ != nullptr && request.operation == OperationClass::load_global) {
        completion.payload = load_values(request);
    }
    completions[request.warp.value() % completions.size()].push(std::move(completion));
}

void LoadStoreUnit::finish_write(WarpSlot warp) {
    if (--open_writes_[warp.value()] > 0 || !fences_[warp.value()]) return;
    complete_to_warp(*fences_[warp.value()]);
    fences_[warp.value()].reset();
}

Payload LoadStoreUnit::load_values(const GlobalRequest& request) const {
    auto payload = std::make_unique<std::vector<LaneValues>>(request.destination.count, LaneValues{});
    std::array<std::byte, 16> buffer{};
    const auto bytes = std::span(buffer).first(request.global.bytes_per_lane);
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        if (!request.global.is_active(lane)) continue;
        memory_->read(request.global.address(lane), bytes);
        copy_bytes_to_lane(bytes, lane, *payload);
    }
    return payload;
}

void LoadStoreUnit::store_values(const GlobalRequest& request) {
    std::array<std::byte, 16> buffer{};
    const auto bytes = std::span(buffer).first(request.global.bytes_per_lane);
    for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
        if (!request.global.is_active(lane)) continue;
        copy_lane_bytes(*request.payload, lane, bytes);
        memory_->write(request.global.address(lane), bytes);
    }
}

TransactionPointer LoadStoreUnit::take_transaction() {
    if (spare_.empty()) return std::make_unique<MemoryTransaction>();
    TransactionPointer transaction = std::move(spare_.back());
    spare_.pop_back();
    return transaction;
}

bool LoadStoreUnit::has_request() const {
    return std::ranges::any_of(requests, [](const auto& port) { return port.has_item(); });
}

void LoadStoreUnit::accept_request(Cycle now) {
    // Space for a fill is needed too: an access whose lanes are all zero-filled turns into one at once.
    if (free_tags_.empty() || !to_memory.has_space() || !fills.has_space() || !l1_accesses.has_space()) return;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const std::size_t candidate = (turn_ + i) % requests.size();
        if (!requests[candidate].has_item()) continue;
        if (requests[candidate].front().operation == OperationClass::fence && !completions[candidate].has_space()) {
            continue;
        }
        turn_ = (candidate + 1) % requests.size();
        free_ = now + accept(requests[candidate].pop());
        for (auto& port : requests) port.busy_until(free_);
        if (has_request()) wake_at(free_);
        return;
    }
}

void LoadStoreUnit::visit_state(StateVisitor& state) {
    // Which transaction has which tag makes no difference: the oldest first.
    std::vector<std::uint32_t> tags(in_flight_.size());
    std::iota(tags.begin(), tags.end(), 0U);
    for (const std::uint32_t tag : free_tags_) tags[tag] = no_tag;
    std::erase(tags, no_tag);
    std::ranges::sort(tags, {}, [&](std::uint32_t tag) { return accepted_as_[tag]; });
    state.same(tags.size());
    for (const std::uint32_t tag : tags) {
        state.identity(transactions_of(sm_), tag);
        state.same(in_flight_[tag].awaited);
        stcsim::visit_state(state, in_flight_[tag].request);
    }
    state.same(ready_.size());
    for (const std::uint32_t tag : ready_) state.identity(transactions_of(sm_), tag);
    for (std::size_t warp = 0; warp < open_writes_.size(); ++warp) {
        state.same(open_writes_[warp], fences_[warp].has_value());
        if (fences_[warp]) stcsim::visit_state(state, *fences_[warp]);
    }
    state.same(turn_);
    state.due(free_);
    // What the L1 holds, and what waits for its lines, is not compared.
    if (memory_ != nullptr || !l1_.is_empty()) state.never_repeats();
}

Cycle LoadStoreUnit::accept(GlobalRequest request) {
    if (request.operation == OperationClass::fence) return accept_fence(std::move(request));
    TransactionPointer transaction = take_transaction();
    transaction->sm = sm_;
    transaction->tag = free_tags_.back();
    transaction->access = MemoryAccess::read;
    const bool atomic = request.operation == OperationClass::atomic_global;
    if (request.operation == OperationClass::store_global) transaction->access = MemoryAccess::write;
    if (atomic) transaction->access = MemoryAccess::atomic;
    transaction->returns_values = atomic && request.destination.count > 0;
    const std::uint32_t sectors = atomic ? coalesce_atomic(request.global, cache_, transaction->requests)
                                         : coalesce(request.global, cache_, transaction->requests);
    transaction->bytes = cache_.sector * sectors;
    accepted_as_[transaction->tag] = ++transactions_;
    if (request.cache == CacheUse::l1 && transaction->access == MemoryAccess::read && sectors > 0) {
        return accept_cached(std::move(request), std::move(transaction));
    }
    pass_by_l1(request, *transaction);
    if (transaction->access == MemoryAccess::write && memory_ != nullptr) store_values(request);
    if (transaction->access != MemoryAccess::read) ++open_writes_[request.warp.value()];
    const Cycle busy = transfer_time(*transaction);
    if (transaction->requests.empty()) {
        // All lanes are zero-filled: nothing to fetch, the transaction only takes its turn in the unit.
        complete(std::move(request));
        spare_.push_back(std::move(transaction));
    } else {
        send(std::move(request), std::move(transaction));
    }
    return busy;
}

void LoadStoreUnit::pass_by_l1(const GlobalRequest& request, const MemoryTransaction& transaction) {
    if (request.cache == CacheUse::acquire) {
        l1_.invalidate();
        ++l1_counts_.invalidations;
    }
    if (transaction.access == MemoryAccess::read) return;
    bool updates = false;
    for (const SectorRequest& line : transaction.requests) {
        if (transaction.access == MemoryAccess::atomic) {
            l1_.drop(line);
        } else {
            updates |= l1_.store(line, request.cache == CacheUse::l1);
        }
    }
    if (!updates && (request.cache != CacheUse::l1 || transaction.requests.empty())) return;
    ++l1_counts_.updated_stores;
    SharedRequest update;
    update.operation = OperationClass::store_global;
    update.warp = request.warp;
    update.access = request.global;
    l1_accesses.push(std::move(update));
}

std::vector<std::uint32_t> LoadStoreUnit::look_up(MemoryTransaction& transaction) {
    std::vector<std::uint32_t> awaited;
    std::uint64_t missed = 0;
    for (SectorRequest& line : transaction.requests) {
        const L1Lookup found = l1_.load(line, transaction.tag);
        l1_counts_.hit += static_cast<std::uint64_t>(std::popcount(found.present));
        l1_counts_.merged += static_cast<std::uint64_t>(std::popcount(found.awaited));
        missed += static_cast<std::uint64_t>(std::popcount(found.missing));
        for (std::size_t sector = 0; sector < found.transactions.size(); ++sector) {
            if ((found.awaited >> sector & 1U) == 0) continue;
            if (!std::ranges::count(awaited, found.transactions[sector])) awaited.push_back(found.transactions[sector]);
        }
        line.sectors = found.missing;
    }
    std::erase_if(transaction.requests, [](const SectorRequest& line) { return line.sectors == 0; });
    transaction.bytes = cache_.sector * missed;
    l1_counts_.missed += missed;
    return awaited;
}

Cycle LoadStoreUnit::accept_cached(GlobalRequest request, TransactionPointer transaction) {
    ++l1_counts_.requests;
    const auto lines = static_cast<std::uint32_t>(transaction->requests.size());
    const Cycle tags_busy(ceil_divide(lines, l1_parameters_.tags_per_cycle));
    const std::vector<std::uint32_t> awaited = look_up(*transaction);
    const Cycle busy = std::max(tags_busy, transfer_time(*transaction));
    const std::uint32_t tag = transaction->tag;
    if (transaction->requests.empty() && awaited.empty()) {
        serve_hit(std::move(request));
        spare_.push_back(std::move(transaction));
        return busy;
    }
    for (const std::uint32_t other : awaited) in_flight_[other].waiters.push_back(tag);
    if (transaction->requests.empty()) {
        free_tags_.pop_back();
        in_flight_[tag].request = std::move(request);
        spare_.push_back(std::move(transaction));
    } else {
        send(std::move(request), std::move(transaction));
    }
    in_flight_[tag].awaited += static_cast<std::uint32_t>(awaited.size());
    return busy;
}

void LoadStoreUnit::serve_hit(GlobalRequest request) {
    SharedRequest hit;
    hit.operation = request.operation;
    hit.warp = request.warp;
    if (request.operation == OperationClass::copy_async) {
        hit.access = request.shared;
        hit.source = request.global;
        hit.copy_group = request.copy_group;
        fills.push(std::move(hit), l1_parameters_.tag_latency);
        return;
    }
    hit.destination = request.destination;
    hit.access = request.global;
    if (memory_ != nullptr) hit.payload = load_values(request);
    l1_accesses.push(std::move(hit), l1_parameters_.tag_latency);
}

void LoadStoreUnit::send(GlobalRequest request, TransactionPointer transaction) {
    free_tags_.pop_back();
    switch (transaction->access) {
        case MemoryAccess::read: read_bytes_ += transaction->bytes.value(); break;
        case MemoryAccess::write: written_bytes_ += transaction->bytes.value(); break;
        case MemoryAccess::atomic: atomic_bytes_ += transaction->bytes.value(); break;
    }
    InFlight& slot = in_flight_[transaction->tag];
    slot.request = std::move(request);
    slot.awaited = 1;
    to_memory.push(std::move(transaction), way_to_cache_);
}

Cycle LoadStoreUnit::transfer_time(const MemoryTransaction& transaction) const {
    return Cycle(
        std::max<std::uint64_t>(1, ceil_divide(transaction.bytes.value(), parameters_.bytes_per_cycle.value())));
}

Cycle LoadStoreUnit::accept_fence(GlobalRequest request) {
    l1_.invalidate();
    ++l1_counts_.invalidations;
    if (open_writes_[request.warp.value()] == 0) {
        complete_to_warp(request);
    } else {
        STCSIM_ASSERT(!fences_[request.warp.value()]);
        fences_[request.warp.value()] = std::move(request);
    }
    return Cycle(1);
}

void LoadStoreUnit::report(CounterReport& report) const {
    const std::string_view prefix = "sm.load_store_unit";
    report.add(prefix, "transactions", "transactions", "warp-level accesses to global memory", transactions_);
    report.add(prefix, "read_bytes", "bytes", "bytes of sectors read, cp.async included", read_bytes_);
    report.add(prefix, "written_bytes", "bytes", "bytes of sectors written", written_bytes_);
    report.add(prefix, "atomic_bytes", "bytes", "bytes of sectors with atomic operations", atomic_bytes_);
    report.add("sm.l1", "requests", "requests", "warp-level loads and cp.async that looked lines up",
               l1_counts_.requests);
    report.add("sm.l1", "hit_sectors", "sectors", "sectors that were present", l1_counts_.hit);
    report.add("sm.l1", "merged_sectors", "sectors", "sectors that were already on their way", l1_counts_.merged);
    report.add("sm.l1", "missed_sectors", "sectors", "sectors requested from the L2", l1_counts_.missed);
    report.add("sm.l1", "updates", "stores", "stores that changed or left sectors in the L1",
               l1_counts_.updated_stores);
    report.add("sm.l1", "invalidations", "invalidations", "times it forgot all it had", l1_counts_.invalidations);
}

}  // namespace stcsim
