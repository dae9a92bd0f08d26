#include "sm/streaming_multiprocessor.h"

#include <fmt/format.h>

#include "base/construction_order.h"

namespace stcsim {
namespace {

/// Messages that cannot be more than the warps of an SM, or that their units never let pile up.
constexpr std::size_t one_per_warp = 64;
constexpr std::size_t completions_in_flight = 256;
constexpr std::size_t fills_waiting = 64;
/// Hits in the stages behind the tags, and a few that wait for the array.
constexpr std::size_t l1_accesses_waiting = 16;

}  // namespace

StreamingMultiprocessor::StreamingMultiprocessor(const sc_core::sc_module_name& name, Clock& clock,
                                                 const SmParameters& parameters, SmIndex index,
                                                 const SmContext& context)
    : sc_module(name),
      registers_(context.cta_slots * context.stream.resources().warps, context.memory != nullptr),
      fills_("fills", clock, fills_waiting),
      l1_accesses_("l1_accesses", clock, l1_accesses_waiting),
      sub_cores_(parameters.sub_cores) {
    for (SubCore& sub_core : sub_cores_) build_channels(clock, parameters, sub_core);
    std::vector<std::function<void()>> constructions;
    constructions.emplace_back([&] { build_shared_units(clock, parameters, index, context); });
    for (std::uint32_t i = 0; i < parameters.sub_cores; ++i) {
        constructions.emplace_back([&, i] { build_sub_core(clock, parameters, context, i); });
    }
    construct_in_order(std::move(constructions), context.construction_order);
    for (std::uint32_t i = 0; i < parameters.sub_cores; ++i) connect(i);
    load_store_unit_->fills.bind(fills_);
    shared_memory_->fills.bind(fills_);
    load_store_unit_->l1_accesses.bind(l1_accesses_);
    shared_memory_->l1_accesses.bind(l1_accesses_);
}

void StreamingMultiprocessor::build_shared_units(Clock& clock, const SmParameters& parameters, SmIndex index,
                                                 const SmContext& context) {
    const CtaResources resources = context.stream.resources();
    const Bytes shared_per_slot(
        round_up((resources.shared_memory + parameters.residency.shared_memory_reserved).value(),
                 parameters.residency.shared_memory_allocation_unit.value()));
    const std::uint32_t sub_cores = parameters.sub_cores;
    construct_in_order(
        {
            [&] {
                shared_memory_ = std::make_unique<SharedMemory>(
                    "shared_memory", clock, parameters.shared_memory, parameters.l1, sub_cores,
                    parameters.residency.shared_memory, context.bank_conflicts, context.memory);
            },
            [&] {
                load_store_unit_ = std::make_unique<LoadStoreUnit>(
                    "load_store_unit", clock, parameters.load_store_unit, parameters.l1,
                    LoadStoreContext{.sm = index,
                                     .sub_cores = sub_cores,
                                     .warp_slots = context.cta_slots * resources.warps,
                                     .l1_capacity = l1_capacity(parameters.l1, shared_per_slot * context.cta_slots),
                                     .cache = context.cache,
                                     .link_latency = context.link_latency,
                                     .memory = context.memory});
            },
            [&] {
                barrier_unit_ = std::make_unique<BarrierUnit>("barrier_unit", clock, parameters.barrier_unit, sub_cores,
                                                              context.cta_slots, resources.warps);
            },
            [&] {
                cta_controller_ =
                    std::make_unique<CtaController>("cta_controller", clock, sub_cores, context.cta_slots, resources,
                                                    shared_per_slot, context.completion_latency);
            },
        },
        context.construction_order);
}

void StreamingMultiprocessor::build_channels(Clock& clock, const SmParameters& parameters, SubCore& sub_core) {
    const auto make = [&clock]<typename T>(std::unique_ptr<RegisteredChannel<T>>& channel, const char* name,
                                           std::size_t capacity, ReaderWake wake = ReaderWake::for_each_item) {
        channel = std::make_unique<RegisteredChannel<T>>(sc_core::sc_gen_unique_name(name), clock, capacity,
                                                         ChannelOrder::as_written, wake);
    };
    const std::size_t queue = parameters.warp_scheduler.shared_unit_queue_depth;
    make(sub_core.launches, "launches", one_per_warp);
    make(sub_core.exits, "exits", one_per_warp);
    make(sub_core.shared_requests, "shared_requests", queue);
    make(sub_core.shared_completions, "shared_completions", completions_in_flight, ReaderWake::when_expected);
    make(sub_core.global_requests, "global_requests", queue);
    make(sub_core.global_completions, "global_completions", completions_in_flight, ReaderWake::when_expected);
    make(sub_core.barrier_arrivals, "barrier_arrivals", one_per_warp);
    make(sub_core.barrier_releases, "barrier_releases", one_per_warp);
}

void StreamingMultiprocessor::build_sub_core(Clock& clock, const SmParameters& parameters, const SmContext& context,
                                             std::uint32_t number) {
    SubCore& sub_core = sub_cores_[number];
    const auto build_tensor_core = [&] {
        sub_core.tensor_core =
            std::make_unique<TensorCore>(fmt::format("tensor_core_{}", number).c_str(), clock, parameters.tensor_core,
                                         registers_, context.timeline, number, context.construction_order);
    };
    build_tensor_core();
    sub_core.scheduler = std::make_unique<WarpScheduler>(
        fmt::format("warp_scheduler_{}", number).c_str(), clock, parameters.warp_scheduler,
        parameters.tensor_core.sparse_path, context.stream, registers_, sub_core.tensor_core->attribution());
}

void StreamingMultiprocessor::connect(std::uint32_t number) {
    SubCore& sub_core = sub_cores_[number];
    WarpScheduler& scheduler = *sub_core.scheduler;
    scheduler.mma.bind(sub_core.tensor_core->issued());
    scheduler.other_reads.bind(sub_core.tensor_core->other_reads());
    scheduler.mma_written.bind(sub_core.tensor_core->written());
    scheduler.operands_read.bind(sub_core.tensor_core->operands_read());
    scheduler.launches.bind(*sub_core.launches);
    cta_controller_->warps[number].bind(*sub_core.launches);
    scheduler.exits.bind(*sub_core.exits);
    cta_controller_->exits[number].bind(*sub_core.exits);
    scheduler.shared_requests.bind(*sub_core.shared_requests);
    shared_memory_->requests[number].bind(*sub_core.shared_requests);
    scheduler.shared_completions.bind(*sub_core.shared_completions);
    shared_memory_->completions[number].bind(*sub_core.shared_completions);
    scheduler.global_requests.bind(*sub_core.global_requests);
    load_store_unit_->requests[number].bind(*sub_core.global_requests);
    scheduler.global_completions.bind(*sub_core.global_completions);
    load_store_unit_->completions[number].bind(*sub_core.global_completions);
    scheduler.barrier_arrivals.bind(*sub_core.barrier_arrivals);
    barrier_unit_->arrivals[number].bind(*sub_core.barrier_arrivals);
    scheduler.barrier_releases.bind(*sub_core.barrier_releases);
    barrier_unit_->releases[number].bind(*sub_core.barrier_releases);
}

void StreamingMultiprocessor::finish(Cycle end) {
    for (SubCore& sub_core : sub_cores_) sub_core.tensor_core->attribution().finish(end);
}

TensorCoreAccount StreamingMultiprocessor::account() const {
    TensorCoreAccount sum;
    for (const SubCore& sub_core : sub_cores_) sum += sub_core.tensor_core->attribution().account();
    return sum;
}

void StreamingMultiprocessor::report(CounterReport& report) const {
    for (const SubCore& sub_core : sub_cores_) {
        sub_core.scheduler->report(report);
        sub_core.tensor_core->report(report);
    }
    shared_memory_->report(report);
    load_store_unit_->report(report);
    barrier_unit_->report(report);
    cta_controller_->report(report);
}

}  // namespace stcsim
