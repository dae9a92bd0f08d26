#include "waves/wave_sampling.h"

#include <algorithm>
#include <cmath>

namespace stcsim {
namespace {

/// Waves are alike when their times differ by less than this share.
constexpr double alike = 0.002;
/// Least and most waves replayed before any are left out, and waves replayed at the end (the first of them for the
/// caches only).
constexpr std::uint64_t least_first_waves = 2;
constexpr std::uint64_t most_first_waves = 6;
constexpr std::uint64_t last_waves = 2;
/// Operands and result larger than this many times the L2 leave nothing in it that the next launch begins with.
constexpr double footprint_of_a_cold_launch = 3;

/// Adds `times` times what happened between two states.
MemoryTraffic scaled(MemoryTraffic sum, const MemoryTraffic& later, const MemoryTraffic& earlier, double times) {
    const auto add = [times](auto& to, auto after, auto before) {
        using Value = std::remove_reference_t<decltype(to)>;
        to += static_cast<Value>(times * (static_cast<double>(after) - static_cast<double>(before)));
    };
    add(sum.sm_read, later.sm_read, earlier.sm_read);
    add(sum.sm_written, later.sm_written, earlier.sm_written);
    add(sum.l2_hit, later.l2_hit, earlier.l2_hit);
    add(sum.l2_far_hit, later.l2_far_hit, earlier.l2_far_hit);
    add(sum.l2_miss, later.l2_miss, earlier.l2_miss);
    add(sum.merged, later.merged, earlier.merged);
    add(sum.hbm_read, later.hbm_read, earlier.hbm_read);
    add(sum.hbm_written, later.hbm_written, earlier.hbm_written);
    add(sum.row_activations, later.row_activations, earlier.row_activations);
    return sum;
}

ReplayTotals scaled(ReplayTotals sum, const ReplayTotals& later, const ReplayTotals& earlier, double times) {
    sum.solo_wait += times * (later.solo_wait - earlier.solo_wait);
    sum.data_wait += times * (later.data_wait - earlier.data_wait);
    sum.k_tiles +=
        static_cast<std::uint64_t>(std::llround(times * static_cast<double>(later.k_tiles - earlier.k_tiles)));
    sum.ctas += static_cast<std::uint64_t>(std::llround(times * static_cast<double>(later.ctas - earlier.ctas)));
    return sum;
}

/// The state of a replay between two waves.
struct Mark {
    double time = 0;
    ReplayTotals totals;
    MemoryTraffic traffic;
};

double warm_up(const GpuParameters& gpu, const GemmPlan& plan, const TileProfile& profile, MemoryHierarchy& memory) {
    ChipReplay replay(gpu, plan, profile, memory, Cycle(0));
    const auto all = [](std::uint64_t i) { return CtaIndex(i); };
    replay.run_until(plan.ctas(), plan.ctas(), all);
    return replay.finish();
}

bool fits_nothing(const GpuParameters& gpu, const GemmPlan& plan) {
    const double bytes = static_cast<double>(plan.problem().batch) *
                         static_cast<double>(plan.a_bytes() + plan.b_bytes() + plan.e_bytes() + plan.d_bytes());
    return bytes > footprint_of_a_cold_launch * static_cast<double>(gpu.memory.l2.capacity.value());
}

}  // namespace

SampledRun run_sampled(const GpuParameters& gpu, const GemmPlan& plan, const TileProfile& profile,
                       const SamplingOptions& options) {
    MemoryHierarchy memory(gpu.memory, gpu.sm_count, gpu.clock_hz);
    double start = 0;
    if (options.warm_l2 && !fits_nothing(gpu, plan)) start = std::ceil(warm_up(gpu, plan, profile, memory));
    const MemoryTraffic before = memory.traffic();

    ChipReplay replay(gpu, plan, profile, memory, Cycle(static_cast<std::uint64_t>(start)));
    const std::uint64_t ctas = plan.ctas();
    const std::uint64_t wave = std::uint64_t{gpu.sm_count} * profile.resident_ctas;
    const std::uint64_t waves = ceil_divide(ctas, wave);
    std::uint64_t skipped = 0;  // waves
    std::uint64_t skip_from = ~std::uint64_t{0};
    const auto cta_at = [&](std::uint64_t i) { return CtaIndex(i < skip_from ? i : i + skipped * wave); };
    const auto mark = [&](double time) { return Mark{time, replay.totals(), memory.traffic()}; };

    SampledRun run;
    Mark earlier{start, {}, before};
    Mark later = earlier;
    std::uint64_t done = 0;  // waves
    std::uint64_t launches = ctas;
    if (!options.every_wave && waves > most_first_waves + last_waves) {
        double previous = 0;
        while (done < most_first_waves) {
            earlier = later;
            later = mark(replay.run_until(++done * wave, ctas, cta_at));
            const double duration = later.time - earlier.time;
            if (done >= least_first_waves && std::abs(duration - previous) < alike * duration) break;
            previous = duration;
        }
        // The next wave is on the chip already, the one after the skip refills the caches.
        skipped = waves - done - 1 - last_waves;
        skip_from = (done + 1) * wave;
        launches = ctas - skipped * wave;
        const Mark resumed = mark(replay.run_until((done + 1) * wave, launches, cta_at));
        const Mark refilled = mark(replay.run_until((done + 2) * wave, launches, cta_at));
        run.cycles -= (refilled.time - resumed.time) - (later.time - earlier.time);
        run.totals = scaled(run.totals, refilled.totals, resumed.totals, -1);
        run.traffic = scaled(run.traffic, refilled.traffic, resumed.traffic, -1);
    }
    replay.run_until(launches, launches, cta_at);
    const Mark end = mark(replay.finish());
    const double stand_in = skipped == 0 ? 0 : static_cast<double>(skipped + 1);
    run.cycles += end.time - start + static_cast<double>(skipped) * (later.time - earlier.time);
    run.totals = scaled(scaled(run.totals, end.totals, {}, 1), later.totals, earlier.totals, stand_in);
    run.traffic = scaled(scaled(run.traffic, end.traffic, before, 1), later.traffic, earlier.traffic, stand_in);
    run.replayed_share = static_cast<double>(launches) / static_cast<double>(ctas);
    return run;
}

}  // namespace stcsim
