#include "kernel/kernel_choice.h"

#include <algorithm>
#include <limits>
#include <vector>

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

double bytes_per_k_tile(const GemmPlan& plan, const GpuParameters& gpu, std::uint32_t resident) {
    const SharedRegions regions = plan.sharing(gpu.sm_count, resident);
    return plan.a_stage_bytes() / regions[0].sharers + plan.b_stage_bytes() / regions[1].sharers +
           plan.e_stage_bytes() / regions[2].sharers;
}

}  // namespace

double estimate_cycles(const GemmPlan& plan, const GpuParameters& gpu) {
    const GemmKernel& kernel = plan.kernel();
    const Residency residency = resident_ctas(plan.resources(), gpu.sm.residency);
    if (residency.ctas == 0) return std::numeric_limits<double>::infinity();
    const double per_sm = static_cast<double>(ceil_divide<std::uint64_t>(plan.multiplying_ctas(), gpu.sm_count));
    const double resident = std::min<double>(residency.ctas, per_sm);

    const double fma_per_cycle = gpu.sm.sub_cores *
                                 dense_multiply_adds_per_cycle(gpu.sm.tensor_core.dot_product_array,
                                                               plan.problem().input, plan.problem().accumulator) *
                                 (plan.sparse() ? 2 : 1);
    double tensor = double{1} * kernel.tile_m * kernel.tile_n * plan.tile_k() / fma_per_cycle;
    if (kernel.warps() * resident < 2 * gpu.sm.sub_cores) tensor /= one_warp_efficiency;

    const double wavefront = static_cast<double>(gpu.sm.shared_memory.bank_width.value()) * gpu.sm.shared_memory.banks;
    const double reads = (double{1} * plan.a_stage_bytes() + plan.e_stage_bytes()) * (kernel.tile_n / kernel.warp_n) +
                         double{1} * plan.b_stage_bytes() * (kernel.tile_m / kernel.warp_m);
    const double shared = (reads + plan.stage_bytes()) / wavefront;

    const MemoryParameters& memory = gpu.memory;
    const double l2_share = memory.l2.slice_bytes_per_cycle * memory.l2.slices / gpu.sm_count;
    const double link = static_cast<double>(memory.interconnect.bytes_per_cycle.value());
    const double l2 = plan.stage_bytes() / std::min(l2_share, link);
    const double hbm_share = memory.hbm.bytes_per_second * memory.hbm.efficiency / gpu.clock_hz / gpu.sm_count;
    const double hbm = bytes_per_k_tile(plan, gpu, residency.ctas) / hbm_share;

    const auto read_latency =
        static_cast<double>((gpu.sm.load_store_unit.latency + memory.l2.hit_latency + memory.hbm.latency).value());
    const double copy_latency = read_latency + plan.stage_bytes() / link;
    const double busy = std::max({tensor, shared, l2, hbm});
    const double after_last_copy = 1 / (4.0 * plan.k_groups());
    const double alone = (copy_latency + (1 - after_last_copy) * busy) / (kernel.stages - 1);
    const double k_tile = std::max(busy, alone / resident);
    const double latency = static_cast<double>(gpu.cta_scheduler.launch_latency.value()) + read_latency;
    const double store = double{1} * kernel.tile_m * kernel.tile_n * plan.output_bytes() / std::min(l2_share, link);
    const double stored = per_sm * kernel.tile_m * kernel.tile_n * plan.output_bytes() / hbm_share;
    const double main_loops = per_sm * static_cast<double>(plan.slice(0).count) * k_tile;
    return std::max(main_loops, stored) + per_sm / resident * (latency + store);
}

namespace {

/// A kernel of the catalogue that fits on the GPU.
struct Candidate {
    const GemmKernel* kernel;
    double cycles;  ///< estimated
    double bytes;   ///< read from L2 by all CTAs
};

std::vector<Candidate> candidates_for(const GemmProblem& problem, const GpuParameters& gpu) {
    std::vector<Candidate> candidates;
    for (const GemmKernel& kernel : kernel_catalogue()) {
        const GemmPlan plan(problem, kernel);
        const double cycles = estimate_cycles(plan, gpu);
        if (cycles == std::numeric_limits<double>::infinity()) continue;
        const double bytes = static_cast<double>(plan.multiplying_ctas()) * static_cast<double>(plan.slice(0).count) *
                             plan.stage_bytes();
        candidates.push_back({&kernel, cycles, bytes});
    }
    return candidates;
}

}  // namespace

std::vector<const GemmKernel*> plausible_kernels(const GemmProblem& problem, const GpuParameters& gpu) {
    std::vector<Candidate> candidates = candidates_for(problem, gpu);
    std::ranges::stable_sort(candidates, {}, &Candidate::cycles);
    std::vector<const GemmKernel*> kernels;
    for (const Candidate& candidate : candidates) {
        if (kernels.size() == most_plausible || candidate.cycles > plausible * candidates.front().cycles) break;
        kernels.push_back(candidate.kernel);
    }
    return kernels;
}

const GemmKernel& choose_kernel(const GemmProblem& problem, const GpuParameters& gpu) {
    std::vector<Candidate> candidates = candidates_for(problem, gpu);
    if (candidates.empty()) throw InputError({}, "a GPU on whose SMs no kernel of the catalogue fits", "a larger SM");
    const double least = std::ranges::min_element(candidates, {}, &Candidate::cycles)->cycles;
    std::erase_if(candidates, [&](const Candidate& candidate) { return candidate.cycles > as_good_as_least * least; });
    const auto better = [](const Candidate& one, const Candidate& other) {
        return one.bytes != other.bytes ? one.bytes < other.bytes : one.kernel->stages > other.kernel->stages;
    };
    return *std::ranges::min_element(candidates, better)->kernel;
}

}  // namespace stcsim
