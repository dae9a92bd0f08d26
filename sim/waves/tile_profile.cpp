#include "waves/tile_profile.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "gpu/gpu.h"
#include "kernel/gemm_stream.h"
#include "sm/residency.h"

namespace stcsim {
namespace {

/// Of the ideal memory: about an L2 hit, and long enough that nothing else bounds the loop.
constexpr Cycle short_latency{200};
constexpr Cycle long_latency{6000};
/// k-tiles of the shorter run beyond the pipeline's depth, and how many more the longer run has. CTAs that start
/// together need some to find their rhythm; many average over states that repeat only every few k-tiles.
constexpr std::uint32_t settling_k_tiles = 24;
constexpr std::uint32_t measured_k_tiles = 32;

/// One run of CTAs that start together on an SM.
struct Run {
    std::uint32_t ctas;
    std::uint64_t k_tiles;
    double cycles;     ///< from the first CTA's first cycle to the end of the last one
    double first_mma;  ///< since then
    double last_mma;   ///< its end
    GpuRunResult outcome;
};

/// Whole tiles of the kernel, one for each CTA. Slices of k are tiles like others that store partial sums.
GemmPlan tiles_of(const GemmPlan& plan, std::uint32_t ctas, std::uint64_t k_tiles) {
    GemmKernel kernel = plan.kernel();
    kernel.k_slices = 1;
    kernel.copy_bytes = plan.copy_bytes();
    GemmProblem problem = plan.problem();
    problem.output = plan.stored_type();
    problem.m = plan.transposed() ? kernel.tile_n : kernel.tile_m;
    problem.n = plan.transposed() ? kernel.tile_m : kernel.tile_n;
    problem.k = k_tiles * plan.tile_k();
    problem.batch = ctas;
    return {problem, kernel};
}

Run run_on_one_sm(const GpuParameters& gpu, const GemmPlan& plan, std::uint32_t ctas, std::uint64_t k_tiles,
                  Cycle latency) {
    GemmStream stream(tiles_of(plan, ctas, k_tiles), false);
    Timeline timeline;
    GpuRunOptions options;
    options.one_sm = true;
    options.ctas = {.count = ctas};
    options.timeline = &timeline;
    options.ideal_memory_latency = latency;
    Run run{.ctas = ctas, .k_tiles = k_tiles, .cycles = 0, .first_mma = 0, .last_mma = 0, .outcome = {}};
    run.outcome = run_gpu(gpu, stream, options);
    const Cycle begin = gpu.cta_scheduler.launch_latency;
    const auto& entries = timeline.entries();
    STCSIM_ASSERT(!entries.empty());
    Cycle first = never;
    Cycle last{0};
    for (const TimelineEntry& entry : entries) {
        first = std::min(first, entry.start);
        last = std::max(last, entry.start + entry.steps);
    }
    const auto since_begin = [&](Cycle cycle) { return static_cast<double>((cycle - begin).value()); };
    run.first_mma = since_begin(first);
    run.last_mma = since_begin(last);
    run.cycles = since_begin(run.outcome.last_cta_end);
    return run;
}

/// The CTAs of the second launch alone.
class SecondLaunch : public InstructionStream {
  public:
    explicit SecondLaunch(const GemmPlan& plan) : whole_(plan, false) {}

    [[nodiscard]] std::uint64_t ctas() const override { return whole_.ctas() - whole_.second_launch().value(); }
    [[nodiscard]] CtaResources resources() const override { return whole_.resources(); }
    [[nodiscard]] std::unique_ptr<WarpStream> start_warp(CtaIndex cta, std::uint32_t warp) override {
        return whole_.start_warp(CtaIndex(whole_.second_launch().value() + cta.value()), warp);
    }

  private:
    GemmStream whole_;
};

ReductionProfile measure_reduction(const GpuParameters& gpu, const GemmPlan& plan) {
    SecondLaunch stream(plan);
    GpuRunOptions options;
    options.one_sm = true;
    options.ctas = {.count = 1};
    options.ideal_memory_latency = short_latency;
    const GpuRunResult outcome = run_gpu(gpu, stream, options);
    const double loaded = 4.0 * static_cast<double>(plan.reduced_per_cta());
    ReductionProfile profile;
    profile.load_spacing = loaded / static_cast<double>(gpu.sm.load_store_unit.bytes_per_cycle.value());
    const auto cycles =
        static_cast<double>((outcome.last_cta_end - gpu.cta_scheduler.launch_latency - short_latency).value());
    profile.around_loads = std::max(0.0, cycles - profile.load_spacing * static_cast<double>(plan.slices() - 1));
    profile.counters = outcome.counters;
    return profile;
}

double period(const Run& shorter, const Run& longer) {
    return (longer.last_mma - shorter.last_mma) / static_cast<double>(longer.k_tiles - shorter.k_tiles);
}

ProfiledWork work_of(const Run& few, const Run& more) {
    return {.ctas = few.ctas,
            .few_k_tiles = few.k_tiles,
            .more_k_tiles = more.k_tiles,
            .few_account = few.outcome.account,
            .more_account = more.outcome.account,
            .few_counters = few.outcome.counters,
            .more_counters = more.outcome.counters};
}

/// CTAs that start together end together. What that takes longer than the start and the end of one alone, beside the
/// k-tiles, is put on the epilogues: there they exchange their tiles through the one shared memory. But not the copies
/// in front of the first k-tile, which share the link, and so do in a replay.
double shared_epilogue(const TileProfile& profile, const Run& solo, const Run& all) {
    const auto k_tiles = static_cast<double>(solo.k_tiles);
    const double around_one = solo.cycles - k_tiles * profile.solo_period;
    const double around_all = all.cycles - k_tiles * all.ctas * profile.shared_period;
    const double longer = around_all - around_one - (all.first_mma - solo.first_mma);
    return (profile.epilogue + std::max(0.0, longer)) / all.ctas;
}

}  // namespace

CounterReport ProfiledWork::counters(double total_ctas, double k_tiles) const {
    CounterReport report;
    const double step = static_cast<double>(ctas) * static_cast<double>(more_k_tiles - few_k_tiles);
    for (const CounterValue& few : few_counters.values()) {
        const auto less = static_cast<double>(few.value);
        const double per_k_tile = (static_cast<double>(more_counters.at(few.path)) - less) / step;
        const double per_cta = less / ctas - per_k_tile * static_cast<double>(few_k_tiles);
        const double value = std::max(0.0, per_cta * total_ctas + per_k_tile * k_tiles);
        const std::size_t dot = few.path.rfind('.');
        report.add(few.path.substr(0, dot), few.path.substr(dot + 1), few.unit, few.meaning,
                   static_cast<std::uint64_t>(std::llround(value)));
    }
    return report;
}

std::array<double, tensor_core_states> ProfiledWork::cycles_per_k_tile() const {
    std::array<double, tensor_core_states> cycles{};
    const double step = static_cast<double>(ctas) * static_cast<double>(more_k_tiles - few_k_tiles);
    for (std::size_t i = 0; i < tensor_core_states; ++i) {
        const auto less = static_cast<double>(few_account.cycles[i].value());
        cycles[i] = (static_cast<double>(more_account.cycles[i].value()) - less) / step;
    }
    return cycles;
}

TileProfile measure_profile(const GpuParameters& gpu, const GemmPlan& plan) {
    const std::uint32_t stages = plan.kernel().stages;
    const std::uint64_t few = stages + settling_k_tiles;
    const std::uint64_t more = few + measured_k_tiles;
    const auto run = [&](std::uint32_t ctas, std::uint64_t k_tiles, Cycle latency) {
        return run_on_one_sm(gpu, plan, ctas, k_tiles, latency);
    };

    TileProfile profile;
    profile.resident_ctas = std::max(1U, resident_ctas(plan.resources(), gpu.sm.residency).ctas);
    const Run solo_few = run(1, few, short_latency);
    const Run solo_more = run(1, more, short_latency);
    const Run all_few = profile.resident_ctas == 1 ? solo_few : run(profile.resident_ctas, few, short_latency);
    const Run all_more = profile.resident_ctas == 1 ? solo_more : run(profile.resident_ctas, more, short_latency);
    profile.solo_period = period(solo_few, solo_more);
    profile.shared_period = std::min(profile.solo_period, period(all_few, all_more) / profile.resident_ctas);

    // With a long latency every k-tile waits for its data: stages - 1 of them take one latency and what they add to it.
    const double slow = period(run(1, few, long_latency), run(1, more, long_latency));
    const double added = std::max(1.0, slow * (stages - 1) - static_cast<double>(long_latency.value()));
    // Copies leave over the groups of a k-tile but the last.
    profile.copy_span = std::min(added / 2, profile.solo_period * (plan.k_groups() - 1) / plan.k_groups());
    profile.data_to_begin = added - profile.copy_span;

    const double copies =
        static_cast<double>(plan.stage_bytes()) / static_cast<double>(gpu.sm.load_store_unit.bytes_per_cycle.value());
    profile.prologue_spacing = copies;
    profile.start_to_copies =
        std::max(0.0, solo_few.first_mma - static_cast<double>(short_latency.value()) - copies - profile.data_to_begin);
    profile.epilogue = std::max(1.0, solo_few.cycles - solo_few.last_mma);
    profile.shared_epilogue = shared_epilogue(profile, solo_few, all_few);
    profile.solo = work_of(solo_few, solo_more);
    profile.shared = work_of(all_few, all_more);
    if (plan.split()) profile.reduction = measure_reduction(gpu, plan);
    return profile;
}

}  // namespace stcsim
