#include "sm/shared_memory.h"

#include <algorithm>
#include <bit>

namespace stcsim {
namespace {

/// Issue to request (1) and completion to scheduler (1) are part of the measured latency and happen in channels.
constexpr Cycle channel_cycles{2};

}  // namespace

SharedMemory::SharedMemory(const sc_core::sc_module_name& name, Clock& clock, const SharedMemoryParameters& parameters,
                           std::uint32_t sub_cores, Bytes capacity, BankConflicts& conflicts,
                           const GlobalValues* memory)
    : ClockedModule(name, clock),
      fills("fills", *this),
      parameters_(parameters),
      conflicts_(conflicts),
      memory_(memory),
      storage_(memory != nullptr ? std::make_unique<SharedStorage>(capacity) : nullptr),
      return_free_(sub_cores) {
    for (std::uint32_t i = 0; i < sub_cores; ++i) {
        requests.emplace_back(sc_core::sc_gen_unique_name("requests"), *this);
        completions.emplace_back(sc_core::sc_gen_unique_name("completions"), *this);
    }
}

ReadPort<SharedRequest>* SharedMemory::next_requester() {
    const std::size_t requesters = requests.size() + 1;
    for (std::size_t i = 0; i < requesters; ++i) {
        const std::size_t candidate = (turn_ + i) % requesters;
        ReadPort<SharedRequest>& port = candidate < requests.size() ? requests[candidate] : fills;
        if (!port.has_item()) continue;
        const std::size_t sub_core = port.front().warp.value() % requests.size();
        if (!completions[sub_core].has_space()) continue;
        turn_ = (candidate + 1) % requesters;
        return &port;
    }
    return nullptr;
}

bool SharedMemory::has_request() const {
    return fills.has_item() || std::ranges::any_of(requests, [](const auto& port) { return port.has_item(); });
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
        if (has_request()) wake_at(free_);
    }
}

void SharedMemory::serve(SharedRequest request, Cycle now) {
    const std::uint32_t wavefronts = request.operation == OperationClass::copy_async
                                         ? std::max(wavefronts_of(request.access), packets_of(request.access))
                                         : wavefronts_of(request.access);
    free_ = now + Cycle(wavefronts);
    const std::size_t sub_core = request.warp.value() % requests.size();

    MemoryCompletion completion;
    completion.operation = request.operation;
    completion.warp = request.warp;
    completion.destination = request.destination;
    completion.copy_group = request.copy_group;
    if (storage_) completion.payload = move_values(request);

    if (request.operation == OperationClass::copy_async) {
        fill_wavefronts_ += wavefronts;
        filled_bytes_ += std::uint64_t(std::popcount(request.access.active)) * request.access.bytes_per_lane;
        completions[sub_core].push(std::move(completion), Cycle(wavefronts));
    } else if (request.operation == OperationClass::store_shared) {
        store_wavefronts_ += wavefronts;
    } else {
        load_wavefronts_ += wavefronts;
        Cycle& path = return_free_[sub_core];
        path = std::max(path, now) + parameters_.return_per_wavefront * wavefronts;
        const Cycle fixed = std::max(parameters_.base_latency, channel_cycles + Cycle(1)) - channel_cycles;
        completions[sub_core].push(std::move(completion), path - now + fixed + Cycle(1));
    }
}

std::uint32_t SharedMemory::packets_of(const LaneAccess& access) const {
    const auto bytes = std::uint64_t(std::popcount(access.active)) * access.bytes_per_lane;
    return static_cast<std::uint32_t>(ceil_divide(bytes, parameters_.fill_bytes_per_cycle.value()));
}

std::uint32_t SharedMemory::wavefronts_of(const LaneAccess& access) {
    const std::uint32_t wavefronts = conflicts_.wavefronts(access);
    const auto bytes = std::uint64_t(std::popcount(access.active)) * access.bytes_per_lane;
    const auto least = std::max<std::uint64_t>(
        1, ceil_divide(bytes, std::uint64_t{parameters_.bank_width.value()} * parameters_.banks));
    conflict_wavefronts_ += wavefronts - std::min<std::uint64_t>(wavefronts, least);
    return wavefronts;
}

Payload SharedMemory::move_values(SharedRequest& request) {
    switch (request.operation) {
        case OperationClass::copy_async: storage_->fill(request.access, request.source, *memory_); return nullptr;
        case OperationClass::store_shared: storage_->store(request.access, *request.payload); return nullptr;
        case OperationClass::load_matrix:
            return std::make_unique<std::vector<LaneValues>>(
                storage_->load_matrices(request.access, request.destination.count, request.transposed));
        default:
            return std::make_unique<std::vector<LaneValues>>(storage_->load(request.access, request.destination.count));
    }
}

void SharedMemory::visit_state(StateVisitor& state) {
    for (const Cycle free : return_free_) state.due(free);
    state.same(turn_);
    state.due(free_);
    if (storage_) state.never_repeats();
}

void SharedMemory::report(CounterReport& report) const {
    const std::string_view prefix = "sm.shared_memory";
    report.add(prefix, "load_wavefronts", "wavefronts", "wavefronts of ldmatrix and ld.shared", load_wavefronts_);
    report.add(prefix, "store_wavefronts", "wavefronts", "wavefronts of st.shared", store_wavefronts_);
    report.add(prefix, "fill_wavefronts", "wavefronts", "wavefronts of arriving cp.async data", fill_wavefronts_);
    report.add(prefix, "conflict_wavefronts", "wavefronts", "wavefronts beyond what the bytes need",
               conflict_wavefronts_);
    report.add(prefix, "filled_bytes", "bytes", "bytes written by cp.async, zero-fill included", filled_bytes_);
}

}  // namespace stcsim
