#include "waves/tile_profile.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "base/error.h"
#include "gpu/gpu.h"
#include "kernel/gemm_stream.h"
#include "sm/residency.h"
#include "waves/observed_run.h"

namespace stcsim {
namespace {

/// Of the ideal memory: about an L2 hit, and long enough that nothing else bounds the loop.
constexpr Cycle short_latency{200};
constexpr Cycle long_latency{6000};
/// k-tiles of the shorter run beyond the pipeline's depth, and how many more the longer run has. CTAs that start
/// together need some to find their rhythm; many average over states that repeat only every few k-tiles.
constexpr std::uint32_t settling_k_tiles = 24;
constexpr std::uint32_t measured_k_tiles = 32;

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
    const auto cycles = static_cast<double>(
        (outcome.last_cta_end - gpu.cta_scheduler.launch_latency - gpu.sm.load_store_unit.latency - short_latency)
            .value());
    profile.around_loads = std::max(0.0, cycles - profile.load_spacing * static_cast<double>(plan.slices() - 1));
    profile.counters = outcome.counters;
    return profile;
}

/// Cycles between the k-tiles that a CTA has in both runs but that the longer one has more of: from the begin of the
/// last one, on the average of the CTAs.
double period(const ObservedRun& shorter, const ObservedRun& longer) {
    double sum = 0;
    for (std::size_t i = 0; i < shorter.ctas.size(); ++i) {
        sum += longer.ctas[i].begins.back() - shorter.ctas[i].begins.back();
    }
    return sum / static_cast<double>(shorter.ctas.size() * (longer.k_tiles - shorter.k_tiles));
}

/// What a counter says of a CTA's k-tiles and of the rest of it.
struct PerKTile {
    double k_tile;
    double rest;
};

PerKTile per_k_tile(const ProfiledWork& work, std::string_view counter) {
    const auto few = static_cast<double>(work.few_counters.at(counter));
    const auto more = static_cast<double>(work.more_counters.at(counter));
    const double slope = (more - few) / static_cast<double>(work.more_k_tiles - work.few_k_tiles);
    return {.k_tile = slope, .rest = std::max(0.0, few - slope * static_cast<double>(work.few_k_tiles))};
}

/// Fills in what k-tiles, arriving copies and the epilogue take of tensor cores and shared memory. What keeps all
/// resident CTAs from using up either is put on both.
void share_out(const GpuParameters& gpu, TileProfile& profile, double alone) {
    const double tensor = profile.solo.cycles_per_k_tile()[0] / gpu.sm.sub_cores;
    const PerKTile loads = per_k_tile(profile.solo, "sm.shared_memory.load_wavefronts");
    const PerKTile stores = per_k_tile(profile.solo, "sm.shared_memory.store_wavefronts");
    const double fill = per_k_tile(profile.solo, "sm.shared_memory.fill_wavefronts").k_tile;
    const double most = std::max(tensor, loads.k_tile + fill);
    const double less = std::max(tensor, loads.k_tile);
    const double losses = profile.shared_period / most;
    // Alone, a k-tile takes what it needs most of and something of its own: the waits that other CTAs would fill.
    profile.k_tile = {.alone = alone - most + less, .tensor = tensor * losses, .shared_memory = loads.k_tile * losses};
    profile.fill = {.alone = std::max(1.0, fill), .tensor = 0, .shared_memory = fill};
    profile.epilogue = {.alone = 0, .tensor = 0, .shared_memory = loads.rest + stores.rest};
}

/// When each of so many equal parts of the accesses begins.
template <std::size_t parts>
std::array<double, parts> schedule_of(const std::vector<ObservedAccess>& accesses, double mark) {
    STCSIM_ASSERT(!accesses.empty());
    double bytes = 0;
    for (const ObservedAccess& access : accesses) bytes += access.bytes;
    std::array<double, parts> schedule{};
    std::size_t part = 0;
    double before = 0;
    for (const ObservedAccess& access : accesses) {
        before += access.bytes;
        while (part < parts && bytes * static_cast<double>(part) < before * parts) {
            schedule[part++] = std::max(0.0, access.issued - mark);
        }
    }
    return schedule;
}

/// When a k-tile's data are in an idle shared memory, which takes them from the first arrival on, in `fill` cycles at
/// least.
double taken_at(const std::vector<ObservedAccess>& copies, const GpuParameters& gpu, Cycle latency, double fill) {
    const double first = std::ranges::min_element(copies, {}, &ObservedAccess::taken)->taken;
    const double last = std::ranges::max_element(copies, {}, &ObservedAccess::taken)->taken;
    return static_cast<double>((gpu.sm.load_store_unit.latency + latency).value()) + std::max(last, first + fill);
}

/// The copies of k-tiles in the main loop, on the average.
CopySchedule main_loop_copies(const ObservedCta& cta, std::uint32_t stages) {
    CopySchedule sum{};
    double count = 0;
    for (std::size_t k_tile = 2 * std::size_t{stages}; k_tile < cta.copies.size(); ++k_tile) {
        const CopySchedule schedule = schedule_of<copy_parts>(cta.copies[k_tile], cta.begins[k_tile - (stages - 1)]);
        for (std::size_t part = 0; part < copy_parts; ++part) sum[part] += schedule[part];
        ++count;
    }
    for (double& part : sum) part /= count;
    return sum;
}

ProfiledWork work_of(const ObservedRun& few, const ObservedRun& more) {
    return {.ctas = static_cast<std::uint32_t>(few.ctas.size()),
            .few_k_tiles = few.k_tiles,
            .more_k_tiles = more.k_tiles,
            .few_account = few.outcome.account,
            .more_account = more.outcome.account,
            .few_counters = few.outcome.counters,
            .more_counters = more.outcome.counters};
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
        return observe_on_one_sm(gpu, plan, ctas, k_tiles, latency);
    };

    TileProfile profile;
    profile.resident_ctas = std::max(1U, resident_ctas(plan.resources(), gpu.sm.residency).ctas);
    const ObservedRun solo_few = run(1, few, short_latency);
    const ObservedRun solo_more = run(1, more, short_latency);
    const ObservedRun all_few = profile.resident_ctas == 1 ? solo_few : run(profile.resident_ctas, few, short_latency);
    const ObservedRun all_more =
        profile.resident_ctas == 1 ? solo_more : run(profile.resident_ctas, more, short_latency);
    profile.solo = work_of(solo_few, solo_more);
    profile.shared = work_of(all_few, all_more);
    const double alone = period(solo_few, solo_more);
    profile.shared_period = std::min(alone, period(all_few, all_more) / profile.resident_ctas);
    share_out(gpu, profile, alone);

    const ObservedCta& cta = solo_few.ctas.front();
    for (std::size_t k_tile = 0; k_tile + 1 < stages; ++k_tile) {
        profile.prologue.push_back(schedule_of<copy_parts>(cta.copies[k_tile], 0));
    }
    profile.copies = main_loop_copies(cta, stages);
    profile.data_to_first_begin =
        std::max(0.0, cta.begins[0] - taken_at(cta.copies[0], gpu, short_latency, profile.fill.alone));
    // With a long latency k-tiles wait for their data: those that wait longest begin as soon as they can.
    const ObservedRun slow = run(1, few, long_latency);
    double data_to_begin = std::numeric_limits<double>::infinity();
    for (std::size_t k_tile = 1; k_tile < few; ++k_tile) {
        const double data = taken_at(slow.ctas[0].copies[k_tile], gpu, long_latency, profile.fill.alone);
        data_to_begin = std::min(data_to_begin, slow.ctas[0].begins[k_tile] - data);
    }
    profile.last_group = 1.0 / plan.k_groups();
    profile.data_to_last_group = std::max(0.0, data_to_begin - profile.last_group * profile.k_tile.alone);

    const double last = cta.begins.back() + profile.k_tile.alone;
    profile.stores = schedule_of<store_parts>(cta.stores, last);
    profile.epilogue.alone = std::max(1.0, cta.end - last);
    if (plan.split()) profile.reduction = measure_reduction(gpu, plan);
    return profile;
}

}  // namespace stcsim
