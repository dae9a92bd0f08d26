#include "kernel/kernel_choice.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "sm/residency.h"
#include "tensor_core/datapath.h"

namespace stcsim {
namespace {

/// Share of the tensor peak that one warp per sub-core reaches (measured on A100, arXiv 2206.02874).
constexpr double one_warp_efficiency = 0.88;
/// Estimates closer than this are not a reason to prefer one kernel.
constexpr double as_good_as_least = 1.01;
/// A kernel may be the fastest if its estimate is within this of the least: the estimates are about that wrong.
constexpr double plausible = 1.3;
constexpr std::size_t most_plausible = 8;
/// Of kernels that differ in stages only.
constexpr std::ptrdiff_t most_alike = 2;
/// Activations that `activation_window_seconds` is for (JEDEC JESD235: the four-activate window).
constexpr double activations_per_window = 4;

/// The memory's time for what a wave's CTAs read of it in one k-tile each: data on the buses; rows opened, one for each
/// piece of a matrix row, at the rate that the activation window allows; and the bank that has the most of these rows,
/// since rows fall on banks at random: of r rows on b banks about r/b + sqrt(2 r/b ln b).
double memory_step(const GemmPlan& plan, const GpuParameters& gpu, std::uint64_t together,
                   const SharedRegions& regions) {
    const HighBandwidthMemoryParameters& hbm = gpu.memory.hbm;
    const auto ctas = static_cast<double>(together);
    const double bytes = ctas * (plan.a_stage_bytes() / regions[0].sharers + plan.b_stage_bytes() / regions[1].sharers +
                                 plan.e_stage_bytes() / regions[2].sharers);
    const double rows = ctas * (plan.kernel().tile_m / regions[0].sharers + plan.kernel().tile_n / regions[1].sharers);
    const double banks = double{1} * hbm.channels * hbm.banks;
    const double per_bank = rows / banks;
    const double most = per_bank + std::sqrt(2 * per_bank * std::log(banks));
    return gpu.clock_hz * std::max({bytes / (hbm.bytes_per_second * hbm.efficiency),
                                    rows / hbm.channels * hbm.activation_window_seconds / activations_per_window,
                                    most * hbm.row_cycle_seconds});
}

/// Of a k-tile on the tensor cores, with `resident` CTAs on the SM.
double tensor_cycles(const GemmPlan& plan, const GpuParameters& gpu, double resident) {
    const GemmKernel& kernel = plan.kernel();
    const double fma_per_cycle = gpu.sm.sub_cores *
                                 dense_multiply_adds_per_cycle(gpu.sm.tensor_core.dot_product_array,
                                                               plan.problem().input, plan.problem().accumulator) *
                                 (plan.sparse() ? 2 : 1);
    const double cycles = double{1} * kernel.tile_m * kernel.tile_n * plan.tile_k() / fma_per_cycle;
    return kernel.warps() * resident < 2 * gpu.sm.sub_cores ? cycles / one_warp_efficiency : cycles;
}

/// Of a k-tile in shared memory: what warps read of it, and its arrival.
double shared_cycles(const GemmPlan& plan, const GpuParameters& gpu) {
    const GemmKernel& kernel = plan.kernel();
    const SharedMemoryParameters& shared = gpu.sm.shared_memory;
    const double wavefront = static_cast<double>(shared.bank_width.value()) * shared.banks;
    const std::uint32_t readers_of_a = kernel.tile_n / kernel.warp_n;
    const std::uint32_t readers_of_b = kernel.tile_m / kernel.warp_m;
    const double reads = (double{1} * plan.a_stage_bytes() + plan.e_stage_bytes()) * readers_of_a +
                         double{1} * plan.b_stage_bytes() * readers_of_b;
    return reads / wavefront + plan.stage_bytes() / static_cast<double>(shared.fill_bytes_per_cycle.value());
}

/// A launch that has just run has left what the next one reads in the L2. Lines that cross the chip, half of them, are
/// there twice.
bool stays_in_l2(const GemmPlan& plan, const GpuParameters& gpu) {
    constexpr double copies = 1.5;
    const double operands = static_cast<double>(plan.a_bytes() + plan.b_bytes() + plan.e_bytes()) * copies;
    const auto results = static_cast<double>(plan.d_bytes() * plan.slices() + (plan.split() ? plan.result_bytes() : 0));
    return static_cast<double>(plan.problem().batch) * (operands + results) <
           static_cast<double>(gpu.memory.l2.capacity.value());
}

/// Bytes per cycle that `ctas` CTAs together get from the L2.
double l2_rate(const GpuParameters& gpu, std::uint64_t ctas) {
    const L2CacheParameters& l2 = gpu.memory.l2;
    const auto active = static_cast<double>(std::min<std::uint64_t>(ctas, gpu.sm_count));
    return std::min(active * static_cast<double>(gpu.memory.interconnect.bytes_per_cycle.value()),
                    l2.slice_bytes_per_cycle * l2.slices);
}

/// Of split-K's second launch.
double reduction_cycles(const GemmPlan& plan, const GpuParameters& gpu, std::uint32_t resident) {
    const CtaSchedulerParameters& scheduler = gpu.cta_scheduler;
    const std::uint64_t ctas = plan.reducing_ctas();
    const std::uint64_t rounds = ceil_divide<std::uint64_t>(ctas, std::uint64_t{gpu.sm_count} * resident);
    const Cycle round = scheduler.launch_latency + gpu.sm.load_store_unit.latency + gpu.memory.l2.hit_latency +
                        gpu.memory.l2.far_latency + scheduler.completion_latency;
    const double bytes = static_cast<double>(plan.d_bytes() * plan.slices() + plan.result_bytes()) *
                         static_cast<double>(plan.problem().batch);
    return static_cast<double>((scheduler.completion_latency + scheduler.launch_gap).value()) +
           static_cast<double>(rounds) * static_cast<double>(round.value()) + bytes / l2_rate(gpu, ctas);
}

/// CTAs of the SM that has most of them. The first ones are handed out breadth first. Those that follow go where CTAs
/// end, and an SM's end together: the last, incomplete round fills SMs one after the other.
std::uint64_t most_ctas_of_an_sm(std::uint64_t ctas, std::uint64_t sms, std::uint64_t resident) {
    const std::uint64_t round = sms * resident;
    if (ctas <= round) return ceil_divide(ctas, sms);
    return ctas / round * resident + std::min(resident, ctas % round);
}

}  // namespace

double estimate_cycles(const GemmPlan& plan, const GpuParameters& gpu, bool warm_l2) {
    const GemmKernel& kernel = plan.kernel();
    const Residency residency = resident_ctas(plan.resources(), gpu.sm.residency);
    if (residency.ctas == 0) return std::numeric_limits<double>::infinity();
    const std::uint64_t all = plan.multiplying_ctas();
    const auto ctas = static_cast<double>(all);
    const auto per_sm = static_cast<double>(most_ctas_of_an_sm(all, gpu.sm_count, residency.ctas));
    const double resident = std::min<double>(residency.ctas, per_sm);
    const auto link = static_cast<double>(gpu.memory.interconnect.bytes_per_cycle.value());

    const double busy =
        std::max({tensor_cycles(plan, gpu, resident), shared_cycles(plan, gpu), plan.stage_bytes() / link});
    const MemoryParameters& memory = gpu.memory;
    const bool in_l2 = warm_l2 && stays_in_l2(plan, gpu);
    const Cycle beyond_l2 = in_l2 ? Cycle(0) : memory.hbm.latency;
    const auto read_latency =
        static_cast<double>((gpu.sm.load_store_unit.latency + memory.l2.hit_latency + beyond_l2).value());
    // The copies of all CTAs of the SM share its link, and half of them cross the chip.
    const double copy_latency =
        read_latency + static_cast<double>(memory.l2.far_latency.value()) / 2 + resident * plan.stage_bytes() / link;
    const double after_last_copy = 1 / (4.0 * plan.k_groups());
    const double alone = (copy_latency + (1 - after_last_copy) * busy) / (kernel.stages - 1);

    const std::uint64_t together = std::min<std::uint64_t>(all, std::uint64_t{gpu.sm_count} * residency.ctas);
    const double from_memory = in_l2 ? 0
                                     : memory_step(plan, gpu, together, plan.sharing(gpu.sm_count, residency.ctas)) /
                                           static_cast<double>(together);
    const double from_l2 = plan.stage_bytes() / l2_rate(gpu, all);
    const auto k_tiles = static_cast<double>(plan.slice(0).count);
    const double chip = std::hypot(ctas * std::max(from_memory, from_l2), per_sm * alone / resident);
    const double main_loops = k_tiles * std::max(per_sm * busy, chip);

    const double latency = static_cast<double>(gpu.cta_scheduler.launch_latency.value()) + read_latency;
    const double tile_bytes = double{1} * kernel.tile_m * kernel.tile_n * plan.output_bytes();
    const double hbm_rate = memory.hbm.bytes_per_second * memory.hbm.efficiency / gpu.clock_hz;
    const double store = tile_bytes * std::min<double>(gpu.sm_count, ctas) / l2_rate(gpu, all);
    const double multiplying =
        std::max(main_loops, ctas * tile_bytes / hbm_rate) + per_sm / resident * (latency + store);
    return plan.split() ? multiplying + reduction_cycles(plan, gpu, residency.ctas) : multiplying;
}

namespace {

/// A kernel that fits on the GPU.
struct Candidate {
    GemmKernel kernel;
    double cycles;  ///< estimated
    double bytes;   ///< read from L2 by all CTAs that multiply
};

void add_candidate(const GemmProblem& problem, const GpuParameters& gpu, bool warm_l2, const GemmKernel& kernel,
                   std::vector<Candidate>& candidates) {
    const GemmPlan plan(problem, kernel);
    const double cycles = estimate_cycles(plan, gpu, warm_l2);
    if (cycles == std::numeric_limits<double>::infinity()) return;
    const double bytes =
        static_cast<double>(plan.multiplying_ctas()) * static_cast<double>(plan.slice(0).count) * plan.stage_bytes();
    candidates.push_back({kernel, cycles, bytes});
}

/// The most slices worth a look: as many as the chip holds CTAs for at once, of at least as many k-tiles as fill the
/// pipeline.
std::uint64_t most_slices(const GemmPlan& unsplit, const GpuParameters& gpu) {
    if (bits_of(unsplit.problem().accumulator) != 32) return 1;
    const std::uint64_t room = std::uint64_t{gpu.sm_count} * resident_ctas(unsplit.resources(), gpu.sm.residency).ctas;
    return std::min(
        {room / unsplit.multiplying_ctas(), unsplit.k_tiles() / unsplit.kernel().stages, std::uint64_t{most_k_slices}});
}

bool differ_in_stages_only(const GemmKernel& one, const GemmKernel& other) {
    const auto rest = [](const GemmKernel& kernel) {
        return std::tuple(kernel.tile_m, kernel.tile_n, kernel.row_bytes, kernel.k_slices);
    };
    return rest(one) == rest(other);
}

std::vector<Candidate> candidates_for(const GemmProblem& problem, const GpuParameters& gpu, bool warm_l2) {
    std::vector<Candidate> candidates;
    for (const GemmKernel& kernel : kernel_catalogue()) {
        add_candidate(problem, gpu, warm_l2, kernel, candidates);
        const std::uint64_t most = most_slices(GemmPlan(problem, kernel), gpu);
        for (std::uint32_t slices = 2; slices <= most; ++slices) {
            GemmKernel split = kernel;
            split.name += fmt::format("_k{}", slices);
            split.k_slices = slices;
            add_candidate(problem, gpu, warm_l2, split, candidates);
        }
    }
    return candidates;
}

}  // namespace

namespace {

/// Of the candidates, of which there is one, the best to take unseen: of those about as good as the best the one that
/// reads the fewest bytes from L2, with the most stages.
GemmKernel choose_from(const std::vector<Candidate>& candidates) {
    const double least = std::ranges::min_element(candidates, {}, &Candidate::cycles)->cycles;
    std::vector<Candidate> good;
    std::ranges::copy_if(candidates, std::back_inserter(good),
                         [&](const Candidate& candidate) { return candidate.cycles <= as_good_as_least * least; });
    const auto better = [](const Candidate& one, const Candidate& other) {
        return one.bytes != other.bytes ? one.bytes < other.bytes : one.kernel.stages > other.kernel.stages;
    };
    return std::ranges::min_element(good, better)->kernel;
}

}  // namespace

GemmKernel with_one_wave(const GemmKernel& kernel, const GemmProblem& problem, const GpuParameters& gpu) {
    if (kernel.decomposition != Decomposition::stream_k || kernel.stream_ctas != 0) return kernel;
    GemmKernel filled = kernel;
    filled.stream_ctas = 1;
    const Residency residency = resident_ctas(GemmPlan(problem, filled).resources(), gpu.sm.residency);
    filled.stream_ctas = gpu.sm_count * std::max(residency.ctas, 1U);
    return filled;
}

std::vector<GemmKernel> plausible_kernels(const GemmProblem& problem, const GpuParameters& gpu, bool warm_l2) {
    std::vector<Candidate> candidates = candidates_for(problem, gpu, warm_l2);
    if (candidates.empty()) return {};
    const GemmKernel chosen = choose_from(candidates);
    std::ranges::stable_sort(candidates, {}, &Candidate::cycles);
    std::vector<GemmKernel> kernels{chosen};
    for (const Candidate& candidate : candidates) {
        if (kernels.size() == most_plausible || candidate.cycles > plausible * candidates.front().cycles) break;
        const auto alike = [&](const GemmKernel& other) { return differ_in_stages_only(candidate.kernel, other); };
        if (candidate.kernel.name != chosen.name && std::ranges::count_if(kernels, alike) < most_alike) {
            kernels.push_back(candidate.kernel);
        }
    }
    return kernels;
}

GemmKernel choose_kernel(const GemmProblem& problem, const GpuParameters& gpu, bool warm_l2) {
    const std::vector<Candidate> candidates = candidates_for(problem, gpu, warm_l2);
    if (candidates.empty()) throw InputError({}, "a GPU on whose SMs no kernel of the catalogue fits", "a larger SM");
    return choose_from(candidates);
}

}  // namespace stcsim
