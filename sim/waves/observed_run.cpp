#include "waves/observed_run.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

#include "base/error.h"
#include "kernel/gemm_stream.h"

namespace stcsim {
namespace {

/// A warp's stream, whose instructions are noted when they issue.
class ObservedWarp : public WarpStream {
  public:
    /// `multiplications`: mma of a k-tile. `begin` is what the observed cycles count from.
    ObservedWarp(std::unique_ptr<WarpStream> warp, ObservedCta& cta, std::uint64_t multiplications, Cycle begin)
        : warp_(std::move(warp)), cta_(cta), multiplications_(multiplications), begin_(begin) {}

    void next(Cycle now, WarpInstruction& instruction) override {
        warp_->next(now, instruction);
        operation_ = instruction.operation;
        bytes_ = std::popcount(instruction.global.active) * double{1} * instruction.global.bytes_per_lane;
    }

    void issued(Cycle now, const IssueWait& wait) override {
        warp_->issued(now, wait);
        const auto cycle = static_cast<double>((now - begin_).value());
        switch (operation_) {
            case OperationClass::mma:
                if (mma_ % multiplications_ == 0) {
                    double& first = cta_.begins[mma_ / multiplications_];
                    first = std::min(first, cycle);
                }
                ++mma_;
                break;
            case OperationClass::copy_async: cta_.copies[committed_].push_back({cycle, cycle, bytes_}); break;
            case OperationClass::commit_group: ++committed_; break;
            case OperationClass::store_global: cta_.stores.push_back({cycle, cycle, bytes_}); break;
            case OperationClass::exit: cta_.end = std::max(cta_.end, cycle + 1); break;
            default: break;
        }
    }

  private:
    std::unique_ptr<WarpStream> warp_;
    ObservedCta& cta_;
    std::uint64_t multiplications_;
    Cycle begin_;
    OperationClass operation_ = OperationClass::exit;
    double bytes_ = 0;
    std::uint64_t mma_ = 0;        ///< issued
    std::uint64_t committed_ = 0;  ///< groups of copies, one for each k-tile
};

class ObservedStream : public InstructionStream {
  public:
    ObservedStream(GemmPlan plan, Cycle begin, std::vector<ObservedCta>& ctas)
        : stream_(std::move(plan), false), begin_(begin), ctas_(ctas) {
        const GemmKernel& kernel = stream_.plan().kernel();
        const MmaShape shape = stream_.plan().instruction().shape;
        multiplications_ =
            std::uint64_t{kernel.warp_m / shape.m} * (kernel.warp_n / shape.n) * stream_.plan().k_groups();
    }

    [[nodiscard]] std::uint64_t ctas() const override { return stream_.ctas(); }
    [[nodiscard]] CtaResources resources() const override { return stream_.resources(); }
    [[nodiscard]] std::unique_ptr<WarpStream> start_warp(CtaIndex cta, std::uint32_t warp) override {
        return std::make_unique<ObservedWarp>(stream_.start_warp(cta, warp), ctas_[cta.value()], multiplications_,
                                              begin_);
    }

  private:
    GemmStream stream_;
    Cycle begin_;
    std::vector<ObservedCta>& ctas_;
    std::uint64_t multiplications_;
};

/// Whole tiles of the kernel, one for each CTA.
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

/// The turns of all accesses at the load/store unit.
void take_turns(std::vector<ObservedCta>& ctas, double bytes_per_cycle) {
    std::vector<ObservedAccess*> accesses;
    for (ObservedCta& cta : ctas) {
        for (auto& copies : cta.copies) {
            for (ObservedAccess& copy : copies) accesses.push_back(&copy);
        }
        for (ObservedAccess& store : cta.stores) accesses.push_back(&store);
    }
    std::ranges::stable_sort(accesses, {}, &ObservedAccess::issued);
    double free = 0;
    for (ObservedAccess* access : accesses) {
        access->taken = std::max(free, access->issued);
        free = access->taken + std::max(1.0, access->bytes / bytes_per_cycle);
    }
}

}  // namespace

ObservedRun observe_on_one_sm(const GpuParameters& gpu, const GemmPlan& plan, std::uint32_t ctas, std::uint64_t k_tiles,
                              Cycle latency) {
    ObservedRun run{.k_tiles = k_tiles, .ctas = {}, .outcome = {}};
    ObservedCta unseen;
    unseen.begins.assign(k_tiles, static_cast<double>(never.value()));
    unseen.copies.resize(k_tiles);
    run.ctas.assign(ctas, unseen);
    ObservedStream stream(tiles_of(plan, ctas, k_tiles), gpu.cta_scheduler.launch_latency, run.ctas);
    GpuRunOptions options;
    options.one_sm = true;
    options.ctas = {.count = ctas};
    options.ideal_memory_latency = latency;
    run.outcome = run_gpu(gpu, stream, options);
    for (ObservedCta& cta : run.ctas) {
        for (auto& copies : cta.copies) std::ranges::stable_sort(copies, {}, &ObservedAccess::issued);
        std::ranges::stable_sort(cta.stores, {}, &ObservedAccess::issued);
    }
    take_turns(run.ctas, static_cast<double>(gpu.sm.load_store_unit.bytes_per_cycle.value()));
    return run;
}

}  // namespace stcsim
