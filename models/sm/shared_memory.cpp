#include "sm/shared_memory.h"

#include <algorithm>
#include <bit>

namespace stcsim {
namespace {

/// Issue to request (1) and completion to scheduler (1) are part of the measured latency and happen in channels.
constexpr Cycle channel_cycles{2};

}  // namespace

SharedMemory::SharedMemory(const sc_core::sc_module_name& name, Clock& clock, const SharedMemoryParameters& parameters,
                           const L1CacheParameters& l1, std::uint32_t sub_cores, Bytes capacity,
                           BankConflicts& conflicts, const GlobalValues* memory)
    : ClockedModule(name, clock),
      fills("fills", *this),
      l1_accesses("l1_accesses", *this),
      parameters_(parameters),
      l1_(l1),
      conflicts_(conflicts),
      memory_(memory),
      storage_(memory != nullptr ? std::make_unique<SharedStorage>(capacity) : nullptr),
      return_free_(sub_cores) {
    for (std::uint32_t i = 0; i < sub_cores; ++i) {
        requests.emplace_back(sc_core::sc_gen_unique_name("requests"), *this);
        completions.emplace_back(sc_core::sc_gen_unique_name("completions"), *this);
    }
}

ReadPort<SharedRequest>& SharedMemory::requester(std::size_t number) {
    if (number < requests.size()) return requests[number];
    return number == requests.size() ? fills : l1_accesses;
}

ReadPort<SharedRequest>* SharedMemory::next_requester() {
    const std::size_t requesters = requests.size() + 2;
    for (std::size_t i = 0; i < requesters; ++i) {
        const std::size_t candidate = (turn_ + i) % requesters;
        ReadPort<SharedRequest>& port = requester(candidate);
        if (!port.has_item()) continue;
        const std::size_t sub_core = port.front().warp.value() % requests.size();
        if (!completions[sub_core].has_space()) continue;
        turn_ = (candidate + 1) % requesters;
        return &port;
    }
    return nullptr;
}

bool SharedMemory::has_request() const {
    return fills.has_item() || l1_accesses.has_item() ||
           std::ranges::any_of(requests, [](const auto& port) { return port.has_item(); });
}

void SharedMemory::evaluate(Cycle now) {
    if (now < free_) {
        wake_at(free_);
        return;
    }
    if (ReadPort<SharedRequest>* requester = next_requester()) {
        serve(requester->pop(), now);
        for (auto& port : requests) port.busy_until(free_);
        fills.busy_until(free_);
        l1_accesses.busy_until(free_);
        if (has_request()) wake_at(free_);
    }
}

void SharedMemory::serve(SharedRequest request, Cycle now) {
    const std::uint32_t wavefronts = occupation(request);
    free_ = now + Cycle(wavefronts);
    if (request.l1_fill > Bytes(0) || request.operation == OperationClass::store_global) return;
    const std::size_t sub_core = request.warp.value() % requests.size();

    MemoryCompletion completion;
    completion.operation = request.operation;
    completion.warp = request.warp;
    completion.destination = request.destination;
    completion.copy_group = request.copy_group;
    completion.payload = std::move(request.payload);
    if (storage_) completion.payload = move_values(request, std::move(completion.payload));

    switch (request.operation) {
        case OperationClass::copy_async:
            filled_bytes_ += std::uint64_t(std::popcount(request.access.active)) * request.access.bytes_per_lane;
            completions[sub_core].push(std::move(completion), Cycle(wavefronts));
            break;
        case OperationClass::store_shared: break;
        case OperationClass::atomic_shared:
            if (request.destination.count == 0) break;
            [[fallthrough]];
        default: completions[sub_core].push(std::move(completion), return_delay(request, wavefronts, now));
    }
}

std::uint32_t SharedMemory::occupation(const SharedRequest& request) {
    if (request.l1_fill > Bytes(0)) {
        const auto packets =
            static_cast<std::uint32_t>(ceil_divide(request.l1_fill.value(), parameters_.fill_bytes_per_cycle.value()));
        l1_fill_wavefronts_ += packets;
        return packets;
    }
    std::uint32_t wavefronts = 0;
    switch (request.operation) {
        case OperationClass::load_global:
        case OperationClass::store_global: {
            wavefronts = conflicts_.wavefronts(request.access);
            l1_wavefronts_ += wavefronts;
            since_lost_cycle_ += wavefronts;
            const std::uint32_t lost = since_lost_cycle_ / l1_.wavefronts_per_lost_cycle;
            since_lost_cycle_ %= l1_.wavefronts_per_lost_cycle;
            return wavefronts + lost;
        }
        case OperationClass::atomic_shared:
            wavefronts = atomic_plan(request.access, request.atomic, parameters_).wavefronts;
            atomic_wavefronts_ += wavefronts;
            conflict_wavefronts_ += wavefronts - std::min(wavefronts, least_wavefronts(request.access));
            return wavefronts;
        case OperationClass::copy_async:
            wavefronts = std::max(wavefronts_of(request.access), packets_of(request.access));
            fill_wavefronts_ += wavefronts;
            return wavefronts;
        case OperationClass::store_shared:
            wavefronts = wavefronts_of(request.access);
            store_wavefronts_ += wavefronts;
            return wavefronts;
        default:
            wavefronts = wavefronts_of(request.access);
            load_wavefronts_ += wavefronts;
            return wavefronts;
    }
}

Cycle SharedMemory::return_delay(const SharedRequest& request, std::uint32_t wavefronts, Cycle now) {
    const bool atomic = request.operation == OperationClass::atomic_shared;
    Cycle& path = return_free_[request.warp.value() % requests.size()];
    const Cycle fixed = std::max(parameters_.base_latency, channel_cycles + Cycle(1)) - channel_cycles;
    if (!atomic) {
        path = std::max(path, now) + parameters_.return_per_wavefront * wavefronts;
        return path - now + fixed + Cycle(1);
    }
    // All old values return together, after the last lane's turn.
    const Cycle turns_over = now + Cycle(wavefronts - 1);
    path = std::max(path, turns_over) + parameters_.return_per_wavefront * least_wavefronts(request.access);
    Cycle delay = path - now + fixed + Cycle(1) + parameters_.atomic_latency;
    if (request.atomic == AtomicForm::swap_loop) {
        // Each round begins with the value that the round before, or the load before all, has returned.
        const std::uint32_t rounds = atomic_plan(request.access, request.atomic, parameters_).rounds;
        const Cycle load = parameters_.base_latency + parameters_.return_per_wavefront;
        const Cycle round = load + parameters_.atomic_latency + parameters_.swap_loop_latency;
        delay += load + parameters_.swap_loop_latency + round * (rounds - 1);
    }
    return delay;
}

std::uint32_t SharedMemory::packets_of(const LaneAccess& access) const {
    const auto bytes = std::uint64_t(std::popcount(access.active)) * access.bytes_per_lane;
    return static_cast<std::uint32_t>(ceil_divide(bytes, parameters_.fill_bytes_per_cycle.value()));
}

std::uint32_t SharedMemory::least_wavefronts(const LaneAccess& access) const {
    const auto bytes = std::uint64_t(std::popcount(access.active)) * access.bytes_per_lane;
    const std::uint64_t width = parameters_.bank_width.value() * parameters_.banks;
    return static_cast<std::uint32_t>(std::max<std::uint64_t>(1, ceil_divide(bytes, width)));
}

std::uint32_t SharedMemory::wavefronts_of(const LaneAccess& access) {
    const std::uint32_t wavefronts = conflicts_.wavefronts(access);
    conflict_wavefronts_ += wavefronts - std::min(wavefronts, least_wavefronts(access));
    return wavefronts;
}

Payload SharedMemory::move_values(SharedRequest& request, Payload payload) {
    switch (request.operation) {
        case OperationClass::load_global: return payload;
        case OperationClass::atomic_shared: STCSIM_ASSERT(false);  // streams with atomics keep their values themselves
        case OperationClass::copy_async: storage_->fill(request.access, request.source, *memory_); return nullptr;
        case OperationClass::store_shared: storage_->store(request.access, *payload); return nullptr;
        case OperationClass::load_matrix:
            return std::make_unique<std::vector<LaneValues>>(
                storage_->load_matrices(request.access, request.destination.count, request.transposed));
        default:
            return std::make_unique<std::vector<LaneValues>>(storage_->load(request.access, request.destination.count));
    }
}

void SharedMemory::visit_state(StateVisitor& state) {
    for (const Cycle free : return_free_) state.due(free);
    state.same(turn_, since_lost_cycle_);
    state.due(free_);
    if (storage_) state.never_repeats();
}

void SharedMemory::report(CounterReport& report) const {
    const std::string_view prefix = "sm.shared_memory";
    report.add(prefix, "load_wavefronts", "wavefronts", "wavefronts of ldmatrix and ld.shared", load_wavefronts_);
    report.add(prefix, "store_wavefronts", "wavefronts", "wavefronts of st.shared", store_wavefronts_);
    report.add(prefix, "fill_wavefronts", "wavefronts", "wavefronts of arriving cp.async data", fill_wavefronts_);
    report.add(prefix, "atomic_wavefronts", "wavefronts", "wavefronts of atomic operations", atomic_wavefronts_);
    report.add(prefix, "l1_wavefronts", "wavefronts", "wavefronts of hits and updates of the L1", l1_wavefronts_);
    report.add(prefix, "l1_fill_wavefronts", "wavefronts", "wavefronts of data arriving for the L1",
               l1_fill_wavefronts_);
    report.add(prefix, "conflict_wavefronts", "wavefronts", "wavefronts beyond what the bytes need",
               conflict_wavefronts_);
    report.add(prefix, "filled_bytes", "bytes", "bytes written by cp.async, zero-fill included", filled_bytes_);
}

}  // namespace stcsim
