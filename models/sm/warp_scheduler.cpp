#include "sm/warp_scheduler.h"

#include <algorithm>

#include <fmt/format.h>

#include "numerics/output_conversion.h"

namespace stcsim {

WarpScheduler::WarpScheduler(const sc_core::sc_module_name& name, Clock& clock,
                             const WarpSchedulerParameters& parameters, bool sparse_path, InstructionStream& stream,
                             RegisterFile& registers, CycleAttribution& attribution)
    : ClockedModule(name, clock),
      launches("launches", *this),
      exits("exits", *this),
      mma("mma", *this),
      other_reads("other_reads", *this),
      mma_written("mma_written", *this),
      operands_read("operands_read", *this),
      shared_requests("shared_requests", *this),
      shared_completions("shared_completions", *this),
      global_requests("global_requests", *this),
      global_completions("global_completions", *this),
      barrier_arrivals("barrier_arrivals", *this),
      barrier_releases("barrier_releases", *this),
      parameters_(parameters),
      sparse_path_(sparse_path),
      stream_(stream),
      registers_(registers),
      attribution_(attribution) {}

void WarpScheduler::evaluate(Cycle now) {
    receive(now);
    if (now < issue_free_) {
        wake_at(issue_free_);
        return;
    }
    Obstacle closest = Obstacle::no_more_mma;
    if (WarpContext* chosen = choose(now, closest)) {
        attribution_.note_scheduler_cause(now, state_for(closest));
        issue(*chosen, now);
        // When the slot is free again nothing may have changed: look ahead, and only wake if an instruction can issue.
        if (choose(issue_free_, closest) != nullptr) {
            wake_at(issue_free_);
            return;
        }
        now = issue_free_;
    }
    attribution_.note_scheduler_cause(now, state_for(closest));
    expect_progress();
}

WarpContext* WarpScheduler::choose(Cycle at, Obstacle& closest) const {
    // The smaller obstacle is the one closer to an mma; the account names the closest over all warps.
    WarpContext* chosen = nullptr;
    closest = Obstacle::no_more_mma;
    const auto consider = [&](WarpContext& warp) {
        const Obstacle obstacle = warp.obstacle = obstacle_of(warp, at);
        if (obstacle != Obstacle::nothing) warp.waited_for = obstacle;
        if (obstacle == Obstacle::nothing && chosen == nullptr) chosen = &warp;
        closest = std::min(closest, warp.after_last_mma ? Obstacle::no_more_mma : obstacle);
    };
    if (last_issued_ != nullptr) consider(*last_issued_);
    for (std::size_t i = 0; i < warps_.size() && (chosen == nullptr || closest != Obstacle::nothing); ++i) {
        if (warps_[i].get() != last_issued_) consider(*warps_[i]);
    }
    return chosen;
}

void WarpScheduler::expect_progress() {
    for (const auto& warp : warps_) {
        switch (warp->obstacle) {
            case Obstacle::tensor_result: mma_written.expect(); break;
            case Obstacle::operand_read: operands_read.expect(); break;
            case Obstacle::shared_result:
            case Obstacle::copy_group: shared_completions.expect(); break;
            case Obstacle::global_result:
                // Hits of the L1 come from the array of the shared memory.
                global_completions.expect();
                shared_completions.expect();
                break;
            case Obstacle::fence:
                global_completions.expect();
                shared_completions.expect();
                break;
            case Obstacle::warp_sync: wake_at(warp->ready); break;
            case Obstacle::arithmetic_unit: wake_at(unit_free_[static_cast<std::size_t>(warp->next.unit)]); break;
            // Queues with space, barrier releases and arithmetic results wake the scheduler on their own.
            default: break;
        }
    }
}

void WarpScheduler::receive(Cycle now) {
    while (launches.has_item()) start_warp(launches.pop(), now);
    while (operands_read.has_item()) operations_read_ = operands_read.pop().operations;
    while (mma_written.has_item()) {
        const TensorWriteback written = mma_written.pop();
        context(written.warp).scoreboard.end_write(written.destination, PendingKind::tensor);
    }
    while (shared_completions.has_item()) complete(shared_completions.pop(), now);
    while (global_completions.has_item()) complete(global_completions.pop(), now);
    while (barrier_releases.has_item()) {
        const BarrierRelease release = barrier_releases.pop();
        for (auto& warp : warps_) {
            if (!warp->at_barrier || warp->launch.cta_slot != release.cta || warp->barrier != release.barrier) continue;
            warp->at_barrier = false;
            warp->fetch(now, now);
        }
    }
    while (!arithmetic_results_.empty() && arithmetic_results_.front().ready <= now) {
        const ArithmeticResult& result = arithmetic_results_.front();
        context(result.warp).scoreboard.end_write(result.destination, PendingKind::arithmetic);
        arithmetic_results_.pop_front();
    }
}

void WarpScheduler::start_warp(const WarpLaunch& launch, Cycle now) {
    auto warp = std::make_unique<WarpContext>();
    warp->launch = launch;
    warp->stream = stream_.start_warp(launch.cta, launch.warp_in_cta);
    warp->fetch(now, now);
    warps_.insert(warps_.begin(), std::move(warp));
}

void WarpScheduler::complete(MemoryCompletion completion, Cycle now) {
    WarpContext& warp = context(completion.warp);
    if (completion.operation == OperationClass::fence && completion.destination.count == 0) {
        // The time is what the next instruction waited for the fence.
        const Cycle since = warp.head;
        warp.at_fence = false;
        warp.fetch(now, since);
        warp.waited_for = Obstacle::fence;
        return;
    }
    if (completion.operation == OperationClass::copy_async) {
        warp.async_groups.end_copy(completion.copy_group);
        return;
    }
    if (completion.payload) {
        STCSIM_ASSERT(completion.payload->size() == completion.destination.count);
        for (std::uint32_t i = 0; i < completion.destination.count; ++i) {
            registers_.at(completion.warp, completion.destination.first + i) = (*completion.payload)[i];
        }
    }
    const bool global =
        completion.operation == OperationClass::load_global || completion.operation == OperationClass::atomic_global;
    warp.scoreboard.end_write(completion.destination, global ? PendingKind::global : PendingKind::shared);
}

WarpContext& WarpScheduler::context(WarpSlot slot) {
    const auto found = std::ranges::find_if(warps_, [&](const auto& warp) { return warp->launch.warp == slot; });
    STCSIM_ASSERT(found != warps_.end());
    return **found;
}

Obstacle WarpScheduler::obstacle_of(const WarpContext& warp, Cycle at) const {
    if (warp.at_barrier) return Obstacle::barrier;
    if (warp.at_fence) return Obstacle::fence;
    if (warp.ready > at) return Obstacle::warp_sync;
    const Obstacle on_registers = register_obstacle(warp);
    if (on_registers != Obstacle::nothing) return on_registers;
    if (warp.next.operation == OperationClass::arithmetic &&
        unit_free_[static_cast<std::size_t>(warp.next.unit)] > at) {
        return Obstacle::arithmetic_unit;
    }
    return unit_obstacle(warp);
}

Obstacle WarpScheduler::register_obstacle(const WarpContext& warp) const {
    const WarpInstruction& next = warp.next;
    const Scoreboard& scoreboard = warp.scoreboard;
    if (scoreboard.is_pending(warp.operands)) {
        if (scoreboard.is_pending(warp.operands, PendingKind::shared)) return Obstacle::shared_result;
        if (scoreboard.is_pending(warp.operands, PendingKind::global)) return Obstacle::global_result;
        if (scoreboard.is_pending(warp.operands, PendingKind::tensor)) return Obstacle::tensor_result;
        return Obstacle::arithmetic_result;
    }
    if (next.operation != OperationClass::mma && !scoreboard.reads_done(next.destination, operations_read_)) {
        return Obstacle::operand_read;
    }
    return Obstacle::nothing;
}

Obstacle WarpScheduler::unit_obstacle(const WarpContext& warp) const {
    switch (warp.next.operation) {
        case OperationClass::mma: return mma.has_space() ? Obstacle::nothing : Obstacle::tensor_queue;
        case OperationClass::load_matrix:
        case OperationClass::load_shared:
        case OperationClass::store_shared:
        case OperationClass::atomic_shared:
            return shared_requests.has_space() ? Obstacle::nothing : Obstacle::shared_queue;
        case OperationClass::load_global:
        case OperationClass::store_global:
        case OperationClass::atomic_global:
        case OperationClass::copy_async:
            return global_requests.has_space() ? Obstacle::nothing : Obstacle::global_queue;
        case OperationClass::fence:
            if (warp.next.destination.count > 0) {
                return global_requests.has_space() ? Obstacle::nothing : Obstacle::global_queue;
            }
            if (warp.scoreboard.is_pending(PendingKind::global) || warp.scoreboard.is_pending(PendingKind::shared)) {
                return Obstacle::fence;
            }
            return global_requests.has_space() ? Obstacle::nothing : Obstacle::global_queue;
        case OperationClass::wait_group:
            return warp.async_groups.at_most_pending(warp.next.pending_groups) ? Obstacle::nothing
                                                                               : Obstacle::copy_group;
        case OperationClass::warp_sync:
            return warp.last_operation <= operations_read_ ? Obstacle::nothing : Obstacle::operand_read;
        case OperationClass::barrier: return barrier_arrivals.has_space() ? Obstacle::nothing : Obstacle::barrier;
        case OperationClass::exit:
            if (!warp.async_groups.idle()) return Obstacle::copy_group;
            return exits.has_space() && barrier_arrivals.has_space() ? Obstacle::nothing : Obstacle::no_more_mma;
        case OperationClass::commit_group:
        case OperationClass::convert_pack:
        case OperationClass::clear: return Obstacle::nothing;
        case OperationClass::arithmetic:
            return warp.next.a.count == 0 || other_reads.has_space() ? Obstacle::nothing : Obstacle::tensor_queue;
    }
    return Obstacle::nothing;
}

TensorCoreState WarpScheduler::state_for(Obstacle obstacle) {
    switch (obstacle) {
        case Obstacle::nothing:
        case Obstacle::warp_sync:
        case Obstacle::arithmetic_result:
        case Obstacle::arithmetic_unit: return TensorCoreState::issue;
        case Obstacle::tensor_result:
        case Obstacle::operand_read:
        case Obstacle::tensor_queue: return TensorCoreState::operands;
        case Obstacle::shared_result:
        case Obstacle::shared_queue: return TensorCoreState::shared_memory;
        case Obstacle::global_result:
        case Obstacle::global_queue:
        case Obstacle::fence:
        case Obstacle::copy_group: return TensorCoreState::global_data;
        case Obstacle::barrier: return TensorCoreState::barrier;
        case Obstacle::no_more_mma: return TensorCoreState::tail;
    }
    return TensorCoreState::issue;
}

void WarpScheduler::issue(WarpContext& warp, Cycle now) {
    const OperationClass operation = warp.next.operation;
    if (warp.next.begins_iteration) clock().mark_cycle();
    ++issued_[static_cast<std::size_t>(operation)];
    issued_[static_cast<std::size_t>(OperationClass::arithmetic)] += warp.next.following_arithmetic;
    issue_free_ = now + Cycle(1U + warp.next.following_arithmetic);
    last_issued_ = &warp;
    warp.stream->issued(now, {.cycles = now - std::min(now, warp.head), .obstacle = warp.waited_for});
    switch (operation) {
        case OperationClass::mma: issue_mma(warp, now); break;
        case OperationClass::load_matrix:
        case OperationClass::load_shared:
        case OperationClass::store_shared:
        case OperationClass::atomic_shared: issue_shared(warp); break;
        case OperationClass::load_global:
        case OperationClass::store_global:
        case OperationClass::atomic_global:
        case OperationClass::copy_async: issue_global(warp); break;
        case OperationClass::fence:
            warp.at_fence = warp.next.destination.count == 0;
            if (warp.at_fence) warp.head = issue_free_;
            issue_global(warp);
            break;
        case OperationClass::commit_group: warp.async_groups.commit(); break;
        case OperationClass::wait_group: break;
        case OperationClass::warp_sync: warp.ready = now + parameters_.warp_sync_latency; break;
        case OperationClass::barrier:
            warp.at_barrier = warp.next.barrier_waits;
            warp.barrier = warp.next.barrier;
            barrier_arrivals.push({warp.launch.cta_slot, warp.next.barrier, warp.next.barrier_warps});
            break;
        case OperationClass::convert_pack:
        case OperationClass::clear:
        case OperationClass::arithmetic: issue_arithmetic(warp, now); break;
        case OperationClass::exit: end_warp(warp); return;
    }
    warp.after_last_mma = warp.next.after_last_mma;
    // What the warp does next may depend on what the others do before the barrier or the end of the fence.
    if (!warp.at_barrier && !warp.at_fence) warp.fetch(now, issue_free_);
}

void WarpScheduler::issue_mma(WarpContext& warp, Cycle now) {
    const WarpInstruction& next = warp.next;
    if (next.mma->sparse && !sparse_path_) {
        throw InputError({}, fmt::format("{} in a tensor core without sparse path", next.mma->name()),
                         "a GPU with sm.tensor_core.sparse_path");
    }
    auto operation = std::make_unique<TensorOperation>();
    operation->instruction = next.mma;
    operation->warp = warp.launch.warp;
    operation->destination = next.destination;
    operation->a = next.a;
    operation->b = next.b;
    operation->c = next.c;
    operation->e = next.e;
    operation->selector = next.selector;
    operation->issued = now;
    warp.last_operation = ++operations_issued_;
    for (const RegisterRange range : {next.a, next.b, next.c, next.e}) {
        warp.scoreboard.note_read(range, operations_issued_);
    }
    if (next.provided != nullptr) {
        operation->values = std::make_unique<OperandValues>();
        operation->values->a = next.provided->a;
        operation->values->b = next.provided->b;
        operation->values->e = next.provided->e;
        operation->values->c = next.provided->c;
        operation->values->receiver = next.provided->receiver;
    }
    warp.scoreboard.begin_write(next.destination, PendingKind::tensor);
    mma.push(std::move(operation));
}

void WarpScheduler::issue_shared(WarpContext& warp) {
    const WarpInstruction& next = warp.next;
    SharedRequest request;
    request.operation = next.operation;
    request.atomic = next.atomic;
    request.warp = warp.launch.warp;
    request.destination = next.destination;
    request.transposed = next.transposed;
    request.access = next.shared;
    request.access.base += warp.launch.shared_base;
    request.payload = read_payload(warp, next.a);
    warp.scoreboard.begin_write(next.destination, PendingKind::shared);
    shared_requests.push(std::move(request));
}

void WarpScheduler::issue_global(WarpContext& warp) {
    const WarpInstruction& next = warp.next;
    GlobalRequest request;
    request.operation = next.operation;
    request.cache = next.cache;
    request.warp = warp.launch.warp;
    request.destination = next.destination;
    request.global = next.global;
    request.shared = next.shared;
    request.shared.base += warp.launch.shared_base;
    request.payload = read_payload(warp, next.a);
    if (next.operation == OperationClass::copy_async) request.copy_group = warp.async_groups.begin_copy();
    warp.scoreboard.begin_write(next.destination, PendingKind::global);
    global_requests.push(std::move(request));
}

void WarpScheduler::issue_arithmetic(WarpContext& warp, Cycle now) {
    const WarpInstruction& next = warp.next;
    if (next.operation == OperationClass::arithmetic && next.a.count > 0)
        other_reads.push({next.a, operations_issued_});
    if (registers_.has_values() && next.operation == OperationClass::clear) {
        for (std::uint32_t i = 0; i < next.destination.count; ++i) {
            registers_.at(warp.launch.warp, next.destination.first + i).fill(0);
        }
    }
    if (registers_.has_values() && next.operation == OperationClass::convert_pack) {
        convert_elements(warp.launch.warp, next);
    }
    if (registers_.has_values() && next.adds) add_elements(warp.launch.warp, next);
    Cycle latency = parameters_.arithmetic_latency;
    if (next.unit != ArithmeticUnit::any) {
        const ArithmeticUnitParameters& unit = parameters_.unit(next.unit);
        const auto number = static_cast<std::size_t>(next.unit);
        unit_free_[number] = now + unit.interval;
        ++unit_operations_[number];
        latency = unit.latency;
    }
    if (next.destination.count == 0) return;
    warp.scoreboard.begin_write(next.destination, PendingKind::arithmetic);
    await_result({now + latency, warp.launch.warp, next.destination});
}

void WarpScheduler::await_result(const ArithmeticResult& result) {
    const auto later = std::find_if(arithmetic_results_.rbegin(), arithmetic_results_.rend(),
                                    [&](const ArithmeticResult& other) { return other.ready <= result.ready; });
    arithmetic_results_.insert(later.base(), result);
    wake_at(result.ready);
}

void WarpScheduler::convert_elements(WarpSlot warp, const WarpInstruction& next) {
    const std::uint32_t from_bits = bits_of(next.unpacked);
    const std::uint32_t per_source = 32 / from_bits;
    const std::uint32_t elements = next.a.count * per_source;
    const std::uint32_t per_register = elements / next.destination.count;
    for (std::uint32_t i = 0; i < elements; ++i) {
        const LaneValues& source = registers_.at(warp, next.a.first + i / per_source);
        LaneValues& destination = registers_.at(warp, next.destination.first + i / per_register);
        const std::uint32_t place = i % per_register;
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            const std::uint64_t element =
                source[lane] >> i % per_source * from_bits & ((std::uint64_t{1} << from_bits) - 1);
            const std::uint32_t stored = stored_element(next.unpacked, next.packed, element);
            destination[lane] = (place == 0 ? 0 : destination[lane]) | stored << place * bits_of(next.packed);
        }
    }
}

void WarpScheduler::add_elements(WarpSlot warp, const WarpInstruction& next) {
    STCSIM_ASSERT(next.a.count == next.destination.count);
    for (std::uint32_t i = 0; i < next.a.count; ++i) {
        const LaneValues& addend = registers_.at(warp, next.a.first + i);
        LaneValues& sum = registers_.at(warp, next.destination.first + i);
        for (std::uint32_t lane = 0; lane < warp_lanes; ++lane) {
            sum[lane] = added_elements(next.unpacked, sum[lane], addend[lane]);
        }
    }
}

void WarpScheduler::end_warp(WarpContext& warp) {
    exits.push({warp.launch.cta_slot});
    barrier_arrivals.push({.cta = warp.launch.cta_slot, .ended = true});
    if (registers_.has_values()) {
        stream_.warp_ended(warp.launch.cta, warp.launch.warp_in_cta, registers_.of_warp(warp.launch.warp));
    }
    last_issued_ = nullptr;
    std::erase_if(warps_, [&](const auto& candidate) { return candidate.get() == &warp; });
}

Payload WarpScheduler::read_payload(const WarpContext& warp, RegisterRange range) {
    if (!registers_.has_values() || range.count == 0) return nullptr;
    return std::make_unique<std::vector<LaneValues>>(registers_.read(warp.launch.warp, range));
}

void WarpScheduler::visit_state(StateVisitor& state) {
    state.count_from(operations_issued_);
    state.same(operations_issued_ - operations_read_, warps_.size());
    for (const auto& warp : warps_) {
        stcsim::visit_state(state, *warp, operations_read_);
        state.same(warp.get() == last_issued_);
    }
    state.same(arithmetic_results_.size());
    for (ArithmeticResult& result : arithmetic_results_) {
        state.due(result.ready);
        state.same(result.warp);
        stcsim::visit_state(state, result.destination);
    }
    for (const Cycle free : unit_free_) state.due(free);
    state.due(issue_free_);
    if (registers_.has_values()) state.never_repeats();
}

void WarpScheduler::report(CounterReport& report) const {
    static constexpr std::array<std::string_view, operation_classes> names{
        "mma",         "ldmatrix",    "ld_shared",    "st_shared", "ld_global",    "st_global",
        "atom_global", "atom_shared", "fence",        "cp_async",  "commit_group", "wait_group",
        "barrier",     "warp_sync",   "convert_pack", "clear",     "arithmetic",   "exit"};
    for (std::size_t i = 0; i < operation_classes; ++i) {
        report.add("sm.warp_scheduler.issued", names[i], "instructions", "warp instructions issued", issued_[i]);
    }
    static constexpr std::array<std::string_view, arithmetic_units> units{
        "any", "integer", "float32", "half", "float64", "conversion", "special", "exchange"};
    for (std::size_t i = 1; i < arithmetic_units; ++i) {
        report.add("sm.warp_scheduler.arithmetic", units[i], "instructions", "issued to this unit",
                   unit_operations_[i]);
    }
}

}  // namespace stcsim
