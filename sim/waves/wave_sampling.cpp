#include "waves/wave_sampling.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

namespace stcsim {
namespace {

/// The first two waves are alike if their times differ by less than this share; then a third is enough to stand for
/// those left out. Otherwise a fourth stands for them with it: single waves vary by about a percent.
constexpr double least_difference = 0.005;
constexpr std::uint64_t most_first_waves = 4;
/// Waves replayed at the end, the first of them for the caches only.
constexpr std::uint64_t last_waves = 2;
/// Launches of fewer waves are replayed whole.
constexpr std::uint64_t least_waves = 10;
/// k-tiles of each CTA between which a probe measures, and how many probes a run must cost to be worth one.
constexpr std::uint64_t first_probed = 16;
constexpr std::uint64_t last_probed = 80;
constexpr std::uint64_t least_probes = 6;
/// Operands and result larger than this many times the L2 leave nothing in it that the next launch begins with.
constexpr double footprint_of_a_cold_launch = 3;

/// Adds `times` times what happened between two states.
MemoryTraffic scaled(MemoryTraffic sum, const MemoryTraffic& later, const MemoryTraffic& earlier, double times) {
    const auto add = [times](auto& to, auto after, auto before) {
        const double difference = times * (static_cast<double>(after) - static_cast<double>(before));
        if constexpr (std::is_integral_v<std::remove_reference_t<decltype(to)>>) {
            to += static_cast<std::uint64_t>(std::llround(difference));  // may be negative: the sum is right
        } else {
            to += difference;
        }
    };
    add(sum.sm_read, later.sm_read, earlier.sm_read);
    add(sum.sm_written, later.sm_written, earlier.sm_written);
    add(sum.l2_hit, later.l2_hit, earlier.l2_hit);
    add(sum.l2_far_hit, later.l2_far_hit, earlier.l2_far_hit);
    add(sum.l2_miss, later.l2_miss, earlier.l2_miss);
    add(sum.l2_merged, later.l2_merged, earlier.l2_merged);
    add(sum.l2_written_back, later.l2_written_back, earlier.l2_written_back);
    add(sum.hbm_read, later.hbm_read, earlier.hbm_read);
    add(sum.hbm_written, later.hbm_written, earlier.hbm_written);
    add(sum.row_activations, later.row_activations, earlier.row_activations);
    add(sum.read_time.latency, later.read_time.latency, earlier.read_time.latency);
    add(sum.read_time.l2_queues, later.read_time.l2_queues, earlier.read_time.l2_queues);
    add(sum.read_time.memory_queue, later.read_time.memory_queue, earlier.read_time.memory_queue);
    return sum;
}

ReplayTotals scaled(ReplayTotals sum, const ReplayTotals& later, const ReplayTotals& earlier, double times) {
    sum.solo_wait += times * (later.solo_wait - earlier.solo_wait);
    sum.data_wait += times * (later.data_wait - earlier.data_wait);
    sum.cta_cycles += times * (later.cta_cycles - earlier.cta_cycles);
    const auto add = [times](std::uint64_t& to, std::uint64_t after, std::uint64_t before) {
        to += static_cast<std::uint64_t>(std::llround(times * static_cast<double>(after - before)));
    };
    add(sum.k_tiles, later.k_tiles, earlier.k_tiles);
    add(sum.ctas, later.ctas, earlier.ctas);
    return sum;
}

/// The state of a replay between two waves.
struct Mark {
    double time = 0;
    ReplayTotals totals;
    MemoryTraffic traffic;
};

using Interval = std::pair<Mark, Mark>;

/// CTAs of a plan that start as soon as there is room for them.
struct Launch {
    std::uint64_t first;
    std::uint64_t ctas;
};

/// What a launch did, the waves left out included in totals and traffic.
struct LaunchOutcome {
    double last_end = 0;         ///< cycle of the replay in which the chip heard of the last CTA's end
    double last_store = 0;       ///< cycle of the replay in which all stores were taken
    double left_out = 0;         ///< cycles that waves left out add to these
    std::uint64_t replayed = 0;  ///< CTAs
    ReplayTotals totals;
    MemoryTraffic traffic;
};

/// A launch through the memory as the one before it left it.
class LaunchSampling {
  public:
    LaunchSampling(const GpuParameters& gpu, const GemmPlan& plan, const TileProfile& profile, MemoryHierarchy& memory,
                   double start, Launch launch)
        : memory_(memory),
          replay_(gpu, plan, profile, memory, Cycle(static_cast<std::uint64_t>(start))),
          launch_(launch),
          wave_(std::uint64_t{gpu.sm_count} * profile.resident_ctas),
          launches_(launch.ctas),
          start_(mark(start)) {}

    LaunchOutcome run(bool every_wave) {
        const std::uint64_t waves = ceil_divide(launch_.ctas, wave_);
        if (!every_wave && waves >= least_waves) leave_out(waves);
        LaunchOutcome outcome;
        outcome.last_end = run_until(launches_);
        const Mark end = mark(replay_.finish());
        outcome.last_store = end.time;
        outcome.totals = scaled({}, end.totals, {}, 1);
        outcome.traffic = scaled({}, end.traffic, start_.traffic, 1);
        outcome.replayed = launches_;
        if (skipped_ > 0) add_left_out(end, outcome);
        return outcome;
    }

  private:
    [[nodiscard]] Mark mark(double time) const { return {time, replay_.totals(), memory_.traffic()}; }

    double run_until(std::uint64_t finished) {
        return replay_.run_until(finished, launches_, [&](std::uint64_t i) {
            return CtaIndex(launch_.first + (i < skip_from_ ? i : i + skipped_ * wave_));
        });
    }

    /// Replays the first waves and the one after those that are left out.
    void leave_out(std::uint64_t waves) {
        const Mark first = mark(run_until(wave_));
        const Mark second = mark(run_until(2 * wave_));
        const double duration = second.time - first.time;
        const bool alike = std::abs(duration - (first.time - start_.time)) < least_difference * duration;
        const std::uint64_t first_waves = alike ? most_first_waves - 1 : most_first_waves;
        if (!alike) run_until((first_waves - 1) * wave_);
        // The last of these is on the chip already; the one after the skip refills the caches. The first two do not
        // stand for others: CTAs that begin together take a while to drift apart.
        skipped_ = waves - first_waves - last_waves;
        skip_from_ = first_waves * wave_;
        launches_ -= skipped_ * wave_;
        const Mark resumed = mark(run_until(first_waves * wave_));
        const Mark refilled = mark(run_until((first_waves + 1) * wave_));
        usual_ = {second, resumed};
        refill_ = {resumed, refilled};
    }

    /// Usual waves in place of those left out and of the refill. CTAs drift apart from wave to wave, so that what
    /// passes between two marks is not exactly a wave: a wave's time is the mean time of its CTAs, and what they read
    /// and write is known.
    void add_left_out(const Mark& end, LaunchOutcome& outcome) const {
        const double usual = time_of_wave(usual_);
        const double refill = time_of_wave(refill_);
        const auto skipped = static_cast<double>(skipped_);
        outcome.left_out = (skipped + 1) * usual - refill;

        const auto per_wave = [&](std::uint64_t MemoryTraffic::*bytes) {
            return static_cast<double>(end.traffic.*bytes - start_.traffic.*bytes) * static_cast<double>(wave_) /
                   static_cast<double>(launches_);
        };
        const auto add = [&](const Interval& interval, double waves, double time) {
            const auto& [from, to] = interval;
            outcome.totals = scaled(outcome.totals, to.totals, from.totals, waves * time / (to.time - from.time));
            const double read = per_wave(&MemoryTraffic::sm_read);
            outcome.traffic = scaled(outcome.traffic, to.traffic, from.traffic,
                                     waves * read / static_cast<double>(to.traffic.sm_read - from.traffic.sm_read));
        };
        add(usual_, skipped + 1, usual);
        add(refill_, -1, refill);
        outcome.totals.ctas = launch_.ctas;
        outcome.traffic.sm_written = static_cast<std::uint64_t>(
            std::llround(static_cast<double>(end.traffic.sm_written - start_.traffic.sm_written) +
                         skipped * per_wave(&MemoryTraffic::sm_written)));
    }

    static double time_of_wave(const Interval& interval) {
        const ReplayTotals& from = interval.first.totals;
        const ReplayTotals& to = interval.second.totals;
        return (to.cta_cycles - from.cta_cycles) / static_cast<double>(to.ctas - from.ctas);
    }

    MemoryHierarchy& memory_;
    ChipReplay replay_;
    Launch launch_;
    std::uint64_t wave_;         ///< CTAs
    std::uint64_t launches_;     ///< CTAs that are replayed
    std::uint64_t skipped_ = 0;  ///< waves
    std::uint64_t skip_from_ = ~std::uint64_t{0};
    Mark start_;
    Interval usual_;   ///< the waves that stand for those left out
    Interval refill_;  ///< the one after them
};

/// The launch, or both, from the cycle `start` on; the run's cycles are counted from there.
SampledRun run_launches(const GpuParameters& gpu, const GemmPlan& plan, const TileProfile& profile,
                        MemoryHierarchy& memory, double start, bool every_wave) {
    const Launch multiplying{.first = 0, .ctas = plan.multiplying_ctas()};
    const LaunchOutcome first = LaunchSampling(gpu, plan, profile, memory, start, multiplying).run(every_wave);
    SampledRun run;
    run.cycles = first.last_store + first.left_out - start;
    run.totals = first.totals;
    // Slices may differ by a k-tile, and so may waves that stand for others: the sum is known.
    run.totals.k_tiles = plan.tiles() * plan.k_tiles();
    run.traffic = first.traffic;
    std::uint64_t replayed = first.replayed;
    if (plan.split()) {
        const Launch reducing{.first = plan.multiplying_ctas(), .ctas = plan.reducing_ctas()};
        const double next = std::ceil(first.last_end) + static_cast<double>(gpu.cta_scheduler.launch_gap.value());
        const LaunchOutcome second = LaunchSampling(gpu, plan, profile, memory, next, reducing).run(every_wave);
        run.cycles = second.last_store + first.left_out + second.left_out - start;
        run.reducing_ctas = static_cast<double>(second.totals.ctas);
        run.traffic = scaled(run.traffic, second.traffic, {}, 1);
        replayed += second.replayed;
    }
    run.replayed_share = static_cast<double>(replayed) / static_cast<double>(plan.ctas());
    return run;
}

}  // namespace

bool leaves_operands_in_l2(const GpuParameters& gpu, const GemmPlan& plan) {
    const double bytes = static_cast<double>(plan.problem().batch) *
                         static_cast<double>(plan.a_bytes() + plan.b_bytes() + plan.e_bytes() + plan.d_bytes());
    return bytes <= footprint_of_a_cold_launch * static_cast<double>(gpu.memory.l2.capacity.value());
}

SampledRun run_sampled(const GpuParameters& gpu, const GemmPlan& plan, const TileProfile& profile,
                       const SamplingOptions& options) {
    if (options.memory != nullptr) return run_launches(gpu, plan, profile, *options.memory, 0, options.every_wave);
    MemoryHierarchy memory(gpu.memory, gpu.sm_count, gpu.clock_hz);
    return run_launches(gpu, plan, profile, memory, 0, options.every_wave);
}

std::optional<SampledRun> probe(const GpuParameters& gpu, const GemmPlan& plan, const TileProfile& profile) {
    const std::uint64_t ctas = plan.multiplying_ctas();
    const std::uint64_t all = plan.tiles() * plan.k_tiles();
    const std::uint64_t at_once = std::min(ctas, std::uint64_t{gpu.sm_count} * profile.resident_ctas);
    if (all < least_probes * last_probed * at_once) return std::nullopt;
    MemoryHierarchy memory(gpu.memory, gpu.sm_count, gpu.clock_hz);
    ChipReplay replay(gpu, plan, profile, memory, Cycle(0));
    const auto mark_after = [&](std::uint64_t k_tiles) {
        const double time =
            replay.run_until_k_tiles(k_tiles * at_once, ctas, [](std::uint64_t i) { return CtaIndex(i); });
        return Mark{time, replay.totals(), memory.traffic()};
    };
    const Mark begin = mark_after(first_probed);
    const Mark end = mark_after(last_probed);
    const double times = static_cast<double>(all) / static_cast<double>(end.totals.k_tiles - begin.totals.k_tiles);
    SampledRun run;
    run.cycles = times * (end.time - begin.time);
    run.totals = scaled({}, end.totals, begin.totals, times);
    run.totals.ctas = ctas;
    run.traffic = scaled({}, end.traffic, begin.traffic, times);
    run.reducing_ctas = static_cast<double>(plan.reducing_ctas());
    return run;
}

}  // namespace stcsim
