#include "sm/load_store_unit.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "sm/coalescing.h"
#include "sm/shared_storage.h"

namespace stcsim {
namespace {

constexpr std::uint32_t no_tag = ~std::uint32_t{0};

}  // namespace

LoadStoreUnit::LoadStoreUnit(const sc_core::sc_module_name& name, Clock& clock,
                             const LoadStoreUnitParameters& parameters, const L2CacheParameters& cache,
                             Cycle link_latency, std::uint32_t sub_cores, SmIndex sm, GlobalValues* memory)
    : ClockedModule(name, clock),
      fills("fills", *this),
      to_memory("to_memory", *this),
      from_memory("from_memory", *this),
      parameters_(parameters),
      cache_(cache),
      way_to_cache_(parameters.latency + link_latency),
      sm_(sm),
      memory_(memory),
      in_flight_(parameters.outstanding_requests),
      accepted_as_(parameters.outstanding_requests),
      free_tags_(parameters.outstanding_requests) {
    std::iota(free_tags_.rbegin(), free_tags_.rend(), 0U);
    for (std::uint32_t i = 0; i < sub_cores; ++i) {
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
    while (from_memory.has_item()) {
        const std::uint32_t tag = from_memory.front()->tag;
        if (!can_complete(in_flight_[tag])) return;
        spare_.push_back(from_memory.pop());
        last_response_ = clock().now();
        free_tags_.push_back(tag);
        complete(std::exchange(in_flight_[tag], {}));
    }
}

bool LoadStoreUnit::can_complete(const GlobalRequest& request) const {
    switch (request.operation) {
        case OperationClass::copy_async: return fills.has_space();
        case OperationClass::load_global: return completions[request.warp.value() % completions.size()].has_space();
        default: return !ends_fence(request.warp) || completions[request.warp.value() % completions.size()].has_space();
    }
}

bool LoadStoreUnit::ends_fence(WarpSlot warp) const {
    const WarpStores& stores = stores_[warp.value()];
    return stores.fence && stores.on_their_way == 1;
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
    } else if (request.operation == OperationClass::load_global) {
        MemoryCompletion completion;
        completion.operation = request.operation;
        completion.warp = request.warp;
        completion.destination = request.destination;
        if (memory_ != nullptr) completion.payload = load_values(request);
        completions[request.warp.value() % completions.size()].push(std::move(completion));
    } else {
        end_store(request.warp);
    }
}

void LoadStoreUnit::accept_fence(GlobalRequest request) {
    if (request.warp.value() >= stores_.size()) stores_.resize(request.warp.value() + 1);
    WarpStores& stores = stores_[request.warp.value()];
    STCSIM_ASSERT(!stores.fence);
    if (stores.on_their_way == 0) {
        complete_fence(request);
    } else {
        stores.fence = std::move(request);
    }
}

void LoadStoreUnit::end_store(WarpSlot warp) {
    STCSIM_ASSERT(stores_[warp.value()].on_their_way > 0);
    const bool last = ends_fence(warp);
    WarpStores& stores = stores_[warp.value()];
    --stores.on_their_way;
    if (!last) return;
    complete_fence(*stores.fence);
    stores.fence.reset();
}

void LoadStoreUnit::complete_fence(const GlobalRequest& fence) {
    MemoryCompletion completion;
    completion.operation = fence.operation;
    completion.warp = fence.warp;
    completion.destination = fence.destination;
    completions[fence.warp.value() % completions.size()].push(std::move(completion));
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
    if (free_tags_.empty() || !to_memory.has_space() || !fills.has_space()) return;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const std::size_t candidate = (turn_ + i) % requests.size();
        if (!requests[candidate].has_item()) continue;
        turn_ = (candidate + 1) % requests.size();
        if (requests[candidate].front().operation == OperationClass::fence) {
            if (!completions[candidate].has_space()) continue;
            turn_ = (candidate + 1) % requests.size();
            accept_fence(requests[candidate].pop());
            if (has_request()) wake_at(now + Cycle(1));
            return;
        }
        GlobalRequest request = requests[candidate].pop();

        TransactionPointer transaction = take_transaction();
        transaction->sm = sm_;
        transaction->write = request.operation == OperationClass::store_global;
        transaction->bytes = cache_.sector * coalesce(request.global, cache_, transaction->requests);
        transaction->tag = free_tags_.back();
        free_tags_.pop_back();
        (transaction->write ? written_bytes_ : read_bytes_) += transaction->bytes.value();
        accepted_as_[transaction->tag] = ++transactions_;
        if (transaction->write && memory_ != nullptr) store_values(request);
        if (transaction->write) {
            if (request.warp.value() >= stores_.size()) stores_.resize(request.warp.value() + 1);
            ++stores_[request.warp.value()].on_their_way;
        }
        const Cycle occupied(
            std::max<std::uint64_t>(1, ceil_divide(transaction->bytes.value(), parameters_.bytes_per_cycle.value())));
        free_ = now + occupied;
        in_flight_[transaction->tag] = std::move(request);
        if (transaction->requests.empty()) {
            // All lanes are zero-filled: nothing to fetch, the transaction only takes its turn in the unit.
            free_tags_.push_back(transaction->tag);
            complete(std::exchange(in_flight_[transaction->tag], {}));
            spare_.push_back(std::move(transaction));
        } else {
            to_memory.push(std::move(transaction), way_to_cache_);
        }
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
        stcsim::visit_state(state, in_flight_[tag]);
    }
    for (auto& [on_their_way, fence] : stores_) {
        state.same(on_their_way, fence.has_value());
        if (fence) stcsim::visit_state(state, *fence);
    }
    state.same(turn_);
    state.due(free_);
    if (memory_ != nullptr) state.never_repeats();
}

void LoadStoreUnit::report(CounterReport& report) const {
    const std::string_view prefix = "sm.load_store_unit";
    report.add(prefix, "transactions", "transactions", "warp-level accesses to global memory", transactions_);
    report.add(prefix, "read_bytes", "bytes", "bytes of sectors read, cp.async included", read_bytes_);
    report.add(prefix, "written_bytes", "bytes", "bytes of sectors written", written_bytes_);
}

}  // namespace stcsim
