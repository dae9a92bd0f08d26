#include "gpu/gpu.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/clock_group.h"
#include "base/construction_order.h"
#include "base/simulation_context.h"
#include "gpu/repetition.h"
#include "memory/memory_system.h"
#include "sm/residency.h"
#include "sm/streaming_multiprocessor.h"

namespace stcsim {
namespace {

/// Cycles between two looks at the progress.
constexpr Cycle progress_interval{20000};

/// Half of the cycles by which SMs may be apart whose streams look at what the others have done so far.
constexpr Cycle dependent_sms_delay{34};

/// Between modules of different clocks space is never short: the CTA scheduler and the SMs' own limits bound what is
/// under way.
constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();

/// The SMs and the rest of the chip exchange CTAs, their ends, requests and responses: the shortest of their delays say
/// how far each can run without looking at the other.
ShortestDelays shortest_delays(const GpuParameters& parameters, const InstructionStream& stream) {
    const ShortestDelays memory =
        MemorySystem::shortest_delays(parameters.memory, parameters.sm.load_store_unit.latency);
    ShortestDelays delays{.there = std::min(parameters.cta_scheduler.completion_latency, memory.there),
                          .back = std::min(parameters.cta_scheduler.launch_latency, memory.back)};
    if (!stream.sms_are_independent()) {
        delays.there = std::min(delays.there, dependent_sms_delay);
        delays.back = std::min(delays.back, dependent_sms_delay);
    }
    return delays;
}

/// Threads for the SMs: only where they share nothing but channels, and nobody looks at all of them at once. Values are
/// shared: a poll reads the word that another SM may be writing.
std::uint32_t threads_of(const InstructionStream& stream, const GpuRunOptions& options, std::uint32_t sms) {
    if (!stream.sms_are_independent() || options.skip_repetition || options.memory != nullptr) return 1;
    return std::clamp(options.threads, 1U, sms);
}

std::uint32_t cta_slots(const GpuParameters& parameters, const CtaResources& resources) {
    const Residency residency = resident_ctas(resources, parameters.sm.residency);
    if (residency.ctas == 0) {
        throw InputError({},
                         fmt::format("a CTA of {} warps, {} registers per thread and {} bytes of shared memory",
                                     resources.warps, resources.registers_per_thread, resources.shared_memory.value()),
                         fmt::format("one that fits on an SM (it is limited by {})", residency.limited_by));
    }
    return residency.ctas;
}

std::uint32_t sms_of(const GpuParameters& parameters, const GpuRunOptions& options) {
    return options.one_sm ? 1 : parameters.sm_count;
}

/// SMs that CTAs can come to: the scheduler hands each to the first of those with the most free slots, so that none
/// gets one while an SM before it has had none. The others would do nothing.
std::uint32_t used_sms(const GpuParameters& parameters, const GpuRunOptions& options) {
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(options.ctas.count, 1, sms_of(parameters, options)));
}

/// The top of the module hierarchy.
class Gpu {
  public:
    Gpu(const GpuParameters& parameters, InstructionStream& stream, const GpuRunOptions& options)
        : completion_latency_(parameters.cta_scheduler.completion_latency),
          threads_(threads_of(stream, options, used_sms(parameters, options))),
          clocks_("clocks", shortest_delays(parameters, stream), threads_),
          bank_conflicts_(threads_, BankConflicts(parameters.sm.shared_memory)),
          chip_clock_("chip_clock", clocks_, ClockSide::second, 0) {
        const std::uint32_t sms = used_sms(parameters, options);
        idle_tensor_cores_ = std::uint64_t{sms_of(parameters, options) - sms} * parameters.sm.sub_cores;
        const std::uint32_t slots = cta_slots(parameters, stream.resources());
        const MemoryParameters memory_parameters =
            options.one_sm ? fair_share(parameters.memory, options.sharing_sms) : parameters.memory;
        chip_clock_.shuffle_evaluations(options.shuffle_seed);
        sms_.resize(sms);
        construct_in_order({
                               [&] {
                                   memory_ = std::make_unique<MemorySystem>(
                                       "memory", chip_clock_, memory_parameters, sms, parameters.clock_hz,
                                       options.shared_regions, options.one_sm ? 1.0 / options.sharing_sms : 1.0);
                               },
                               [&] {
                                   scheduler_ = std::make_unique<CtaScheduler>("cta_scheduler", chip_clock_,
                                                                               parameters.cta_scheduler, sms, slots,
                                                                               options.ctas, stream.second_launch());
                               },
                               [&] { build_sms(parameters, stream, options, slots); },
                           },
                           options.shuffle_seed);
        if (options.ideal_memory_latency) memory_->idealise(*options.ideal_memory_latency);
        STCSIM_ASSERT(options.contents == nullptr || !options.one_sm);
        if (options.contents != nullptr) memory_->hierarchy().take_contents(std::move(*options.contents));
        for (std::uint32_t i = 0; i < sms; ++i) connect(i);
        if (options.skip_repetition) skip_repetition(parameters);
    }

    Gpu(const Gpu&) = delete;
    Gpu& operator=(const Gpu&) = delete;

    /// SystemC looks for a port that goes from the newest on.
    ~Gpu() {
        while (!sms_.empty()) sms_.pop_back();
    }

    void run(SimulationContext& context, const GpuRunOptions& options) {
        while (context.run_for(progress_interval)) {
            clocks_.rethrow_failure();
            if (now() > options.most_cycles) {
                throw CycleLimitError(fmt::format("not finished after {} cycles, with {} of {} CTAs done",
                                                  now().value(), scheduler_->finished(), options.ctas.count));
            }
            if (options.progress) {
                options.progress(static_cast<double>(scheduler_->finished()) / static_cast<double>(options.ctas.count));
            }
        }
        clocks_.rethrow_failure();
        if (!scheduler_->all_finished()) {
            throw DeadlockError(fmt::format("deadlock: the machine stopped at cycle {} with {} of {} CTAs finished",
                                            now().value(), scheduler_->finished(), options.ctas.count));
        }
    }

    /// What the L2 holds now goes to the caller.
    void give_contents(MemoryHierarchy& contents) { contents.take_contents(std::move(memory_->hierarchy())); }

    GpuRunResult result() {
        GpuRunResult result;
        result.cycles = scheduler_->last_finish();
        for (const auto& sm : sms_) result.cycles = std::max(result.cycles, sm->load_store_unit().last_response());
        for (const auto& sm : sms_) {
            sm->finish(result.cycles);
        }
        WorkDone work = work_done();
        result.last_cta_end = scheduler_->last_finish() - completion_latency_;
        if (repetition_) {
            const WorkDone& skipped = repetition_->skipped();
            result.state_words = repetition_->recorded_words();
            result.skipped_cycles = skipped.cycles;
            result.cycles += skipped.cycles;
            result.last_cta_end += skipped.cycles;
            work.account += skipped.account;
            work.counters.add(skipped.counters);
        }
        work.account[TensorCoreState::tail] += result.cycles * idle_tensor_cores_;
        result.account = work.account;
        result.counters = std::move(work.counters);
        result.traffic = memory_->hierarchy().traffic();
        result.evaluations = clocks_.evaluations();
        return result;
    }

  private:
    [[nodiscard]] Cycle now() const { return clocks_.now() + (repetition_ ? repetition_->skipped().cycles : Cycle(0)); }

    [[nodiscard]] WorkDone work_done() const {
        WorkDone work;
        for (const auto& sm : sms_) {
            work.account += sm->account();
            sm->report(work.counters);
        }
        memory_->report(work.counters);
        return work;
    }

    void skip_repetition(const GpuParameters& parameters) {
        repetition_.emplace(clocks_,
                            AddressUnits{.line = parameters.memory.l2.line.value(),
                                         .bank = parameters.sm.shared_memory.bank_width.value()},
                            [this] { return work_done(); });
        for (Clock& clock : sm_clocks_) clock.observe(*repetition_);
    }

    void build_sms(const GpuParameters& parameters, InstructionStream& stream, const GpuRunOptions& options,
                   std::uint32_t slots) {
        std::vector<std::function<void()>> constructions;
        for (std::uint32_t i = 0; i < sms_.size(); ++i) {
            sm_clocks_.emplace_back(fmt::format("sm_clock_{}", i).c_str(), clocks_, ClockSide::first, i);
            sm_clocks_.back().shuffle_evaluations(options.shuffle_seed == 0 ? 0 : options.shuffle_seed + i);
            constructions.emplace_back([&, i] {
                sms_[i] = std::make_unique<StreamingMultiprocessor>(
                    fmt::format("sm_{}", i).c_str(), sm_clocks_[i], parameters.sm, SmIndex(i),
                    SmContext{.stream = stream,
                              .cta_slots = slots,
                              .completion_latency = parameters.cta_scheduler.completion_latency,
                              .cache = parameters.memory.l2,
                              .link_latency = parameters.memory.interconnect.latency,
                              .bank_conflicts = bank_conflicts_[i % threads_],
                              .memory = options.memory,
                              .timeline = i == 0 ? options.timeline : nullptr,
                              .construction_order = options.shuffle_seed});
            });
            launches_.emplace_back(sc_core::sc_gen_unique_name("launches"), chip_clock_, unbounded);
            done_.emplace_back(sc_core::sc_gen_unique_name("done"), sm_clocks_[i], unbounded);
        }
        construct_in_order(std::move(constructions), options.shuffle_seed);
    }

    void connect(std::uint32_t i) {
        StreamingMultiprocessor& sm = *sms_[i];
        scheduler_->launches[i].bind(launches_[i]);
        sm.cta_controller().launches.bind(launches_[i]);
        scheduler_->done[i].bind(done_[i]);
        sm.cta_controller().done.bind(done_[i]);
        memory_->connect(i, sm.load_store_unit().to_memory, sm.load_store_unit().from_memory, &sm_clocks_[i]);
    }

    Cycle completion_latency_;
    std::uint64_t idle_tensor_cores_ = 0;  ///< of SMs that get no CTA
    std::uint32_t threads_;
    ClockGroup clocks_;
    std::vector<BankConflicts> bank_conflicts_;  ///< per thread
    Clock chip_clock_;                           ///< of everything outside the SMs
    std::deque<Clock> sm_clocks_;
    std::deque<RegisteredChannel<CtaLaunch>> launches_;  ///< per SM
    std::deque<RegisteredChannel<CtaDone>> done_;        ///< per SM
    std::unique_ptr<MemorySystem> memory_;
    std::unique_ptr<CtaScheduler> scheduler_;
    std::vector<std::unique_ptr<StreamingMultiprocessor>> sms_;
    std::optional<Repetition> repetition_;
};

}  // namespace

GpuRunResult run_gpu(const GpuParameters& parameters, InstructionStream& stream, const GpuRunOptions& options) {
    SimulationContext context;
    Gpu gpu(parameters, stream, options);
    gpu.run(context, options);
    GpuRunResult result = gpu.result();
    if (options.contents != nullptr) gpu.give_contents(*options.contents);
    result.tensor_cores = std::uint64_t{sms_of(parameters, options)} * parameters.sm.sub_cores;
    return result;
}

}  // namespace stcsim
