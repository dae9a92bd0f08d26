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
    add(sum.l2_merged, later.l2_merged, earlier.l2_merged);
    add(sum.l2_written_back, later.l2_written_back, earlier.l2_written_back);
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
        LaunchOutcome outcome;
        const std::uint64_t waves = ceil_divide(launch_.ctas, wave_);
        if (!every_wave && waves > most_first_waves + last_waves) leave_out(waves, outcome);
        outcome.last_end = run_until(launches_);
        const Mark end = mark(replay_.finish());
        outcome.last_store = end.time;
        outcome.totals = scaled(outcome.totals, end.totals, {}, 1);
        outcome.traffic = scaled(outcome.traffic, end.traffic, start_.traffic, 1);
        outcome.replayed = launches_;
        return outcome;
    }

  private:
    [[nodiscard]] Mark mark(double time) const { return {time, replay_.totals(), memory_.traffic()}; }

    double run_until(std::uint64_t finished) {
        return replay_.run_until(finished, launches_, [&](std::uint64_t i) {
            return CtaIndex(launch_.first + (i < skip_from_ ? i : i + skipped_ * wave_));
        });
    }

    /// Replays the first waves, and adds to the outcome what stands for those that are left out then.
    void leave_out(std::uint64_t waves, LaunchOutcome& outcome) {
        Mark earlier = start_;
        Mark later = start_;
        std::uint64_t done = 0;  // waves
        double previous = 0;
        while (done < most_first_waves) {
            earlier = later;
            later = mark(run_until(++done * wave_));
            const double duration = later.time - earlier.time;
            if (done >= least_first_waves && std::abs(duration - previous) < alike * duration) break;
            previous = duration;
        }
        // The next wave is on the chip already, the one after the skip refills the caches.
        skipped_ = waves - done - 1 - last_waves;
        skip_from_ = (done + 1) * wave_;
        launches_ -= skipped_ * wave_;
        const Mark resumed = mark(run_until((done + 1) * wave_));
        const Mark refilled = mark(run_until((done + 2) * wave_));
        const auto stand_in = static_cast<double>(skipped_ + 1);
        outcome.left_out = stand_in * (later.time - earlier.time) - (refilled.time - resumed.time);
        outcome.totals =
            scaled(scaled({}, refilled.totals, resumed.totals, -1), later.totals, earlier.totals, stand_in);
        outcome.traffic =
            scaled(scaled({}, refilled.traffic, resumed.traffic, -1), later.traffic, earlier.traffic, stand_in);
    }

    MemoryHierarchy& memory_;
    ChipReplay replay_;
    Launch launch_;
    std::uint64_t wave_;         ///< CTAs
    std::uint64_t launches_;     ///< CTAs that are replayed
    std::uint64_t skipped_ = 0;  ///< waves
    std::uint64_t skip_from_ = ~std::uint64_t{0};
    Mark start_;
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
    run.totals.k_tiles = plan.multiplying_ctas() / plan.slices() * plan.k_tiles();
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
    if (options.warm_l2 && !fits_nothing(gpu, plan)) {
        start = std::ceil(run_launches(gpu, plan, profile, memory, 0, true).cycles);
    }
    return run_launches(gpu, plan, profile, memory, start, options.every_wave);
}

}  // namespace stcsim
