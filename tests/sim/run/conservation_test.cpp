/// Nothing is lost and nothing invented: what the machine counted is what the workload's closed forms say.
#include <gtest/gtest.h>

#include "kernel/gemm_stream.h"
#include "memory/memory_parameters.h"
#include "sm/coalescing.h"
#include "small_runs.h"

namespace stcsim {
namespace {

using testing::all_scopes;
using testing::both_sparsities;
using testing::describe;
using testing::gemm;
using testing::simulate;

const std::string issued = "sm.warp_scheduler.issued.";

/// Multiply-adds of whole tiles: the padding is multiplied too.
std::uint64_t padded_multiply_adds(const GemmPlan& plan, std::uint64_t ctas) {
    return ctas * plan.kernel().tile_m * plan.kernel().tile_n * plan.padded_k();
}

/// Instructions and bytes of the whole launch, asked of the streams without a machine.
struct StreamTotals {
    std::array<std::uint64_t, operation_classes> issued{};
    std::uint64_t read_bytes = 0;
    std::uint64_t written_bytes = 0;
    std::uint64_t transactions = 0;

    [[nodiscard]] std::uint64_t operator[](OperationClass operation) const {
        return issued[static_cast<std::size_t>(operation)];
    }
};

void add_warp(StreamTotals& totals, WarpStream& warp, const L2CacheParameters& cache) {
    std::vector<SectorRequest> sectors;
    WarpInstruction instruction;
    do {
        instruction = {};
        warp.next(Cycle(0), instruction);
        ++totals.issued[static_cast<std::size_t>(instruction.operation)];
        totals.issued[static_cast<std::size_t>(OperationClass::arithmetic)] += instruction.following_arithmetic;
        if (instruction.global.offsets == nullptr) continue;
        const std::uint64_t bytes = cache.sector.value() * coalesce(instruction.global, cache, sectors);
        (instruction.operation == OperationClass::store_global ? totals.written_bytes : totals.read_bytes) += bytes;
        ++totals.transactions;
    } while (instruction.operation != OperationClass::exit);
}

StreamTotals totals_of(const GemmProblem& problem, const std::string& kernel) {
    GemmStream stream(GemmPlan(problem, kernel_named(kernel)), false);
    const L2CacheParameters cache = testing::small_a100().parameters.memory.l2;
    StreamTotals totals;
    for (std::uint64_t cta = 0; cta < stream.ctas(); ++cta) {
        for (std::uint32_t warp = 0; warp < stream.resources().warps; ++warp) {
            add_warp(totals, *stream.start_warp(CtaIndex(cta), warp), cache);
        }
    }
    return totals;
}

TEST(Conservation, TheAccountSumsToTheCyclesOfEveryTensorCore) {
    for (const Scope scope : all_scopes) {
        for (const Sparsity sparsity : both_sparsities) {
            for (const std::uint64_t m : {1U, 200U, 1024U}) {
                const testing::Options options{.scope = scope};
                const SimulationResult result = simulate(gemm(m, 264, 320, sparsity), options);
                EXPECT_EQ(result.tensor_cores, scope == Scope::chip ? 16U : 4U);
                EXPECT_EQ(result.account.total(), result.cycles * result.tensor_cores)
                    << describe(options, result.problem) << " m = " << m;
            }
        }
    }
}

TEST(Conservation, TheArrayExecutesExactlyThePaddedTiles) {
    for (const Scope scope : all_scopes) {
        for (const Sparsity sparsity : both_sparsities) {
            const GemmProblem problem = gemm(300, 200, 336, sparsity);
            const testing::Options options{.scope = scope, .kernel = "128x64_s3"};
            const SimulationResult result = simulate(problem, options);
            const GemmPlan plan(problem, kernel_named(options.kernel));
            const std::uint64_t expected = padded_multiply_adds(plan, result.simulated_ctas);
            const auto counter = [&](const std::string& name) { return result.counters.at("sm.tensor_core." + name); };
            EXPECT_EQ(counter("dot_product_array.fused_multiply_adds"), expected) << describe(options, problem);
            EXPECT_EQ(counter("dot_product_array.multiplications"), plan.sparse() ? expected / 2 : expected);
            EXPECT_EQ(counter("dot_product_array.instructions"), expected / plan.instruction().fused_multiply_adds());
            // 256 products per step: the array is busy for as long as its products take.
            EXPECT_EQ(counter("dot_product_array.steps") * 256, counter("dot_product_array.multiplications"));
            EXPECT_EQ(result.account[TensorCoreState::busy], Cycle(counter("dot_product_array.steps")));
            // One code per kept value of A: 16 x 16 of an m16n8k32.
            EXPECT_EQ(counter("metadata_decoder.codes"),
                      plan.sparse() ? counter("dot_product_array.instructions") * 256 : 0);
            EXPECT_EQ(result.total_ctas, plan.ctas());
            EXPECT_EQ(result.counters.at("sm.cta_controller.ctas"), result.simulated_ctas);
        }
    }
}

TEST(Conservation, WholeTilesMoveTheBytesOfTheirClosedForm) {
    for (const Sparsity sparsity : both_sparsities) {
        GemmProblem problem = gemm(512, 384, 640, sparsity);
        problem.batch = 2;
        const GemmPlan plan(problem, kernel_named("128x128_s3"));
        const SimulationResult result = simulate(problem, {.kernel = "128x128_s3"});
        const std::uint64_t copied = plan.ctas() * plan.k_tiles() * plan.stage_bytes();
        EXPECT_EQ(result.counters.at("sm.load_store_unit.read_bytes"), copied);
        EXPECT_EQ(result.counters.at("sm.shared_memory.filled_bytes"), copied);
        EXPECT_EQ(result.counters.at("sm.load_store_unit.written_bytes"), 2U * 512 * 384 * 2);
    }
}

TEST(Conservation, EdgesMoveTheSectorsOfTheirAddressesAndEveryInstructionIssuesOnce) {
    for (const Sparsity sparsity : both_sparsities) {
        GemmProblem problem = gemm(200, 131, 208, sparsity);
        problem.batch = 3;
        problem.output = ElementType::f32;
        const StreamTotals expected = totals_of(problem, "64x64_s3");
        const SimulationResult result = simulate(problem, {.kernel = "64x64_s3"});
        const auto counter = [&](const std::string& path) { return result.counters.at(path); };
        EXPECT_EQ(counter("sm.load_store_unit.read_bytes"), expected.read_bytes);
        EXPECT_EQ(counter("sm.load_store_unit.written_bytes"), expected.written_bytes);
        EXPECT_EQ(counter("sm.load_store_unit.transactions"), expected.transactions);
        using enum OperationClass;
        EXPECT_EQ(counter(issued + "mma"), expected[mma]);
        EXPECT_EQ(counter(issued + "ldmatrix"), expected[load_matrix]);
        EXPECT_EQ(counter(issued + "ld_shared"), expected[load_shared]);
        EXPECT_EQ(counter(issued + "st_shared"), expected[store_shared]);
        EXPECT_EQ(counter(issued + "ld_global"), expected[load_global]);
        EXPECT_EQ(counter(issued + "st_global"), expected[store_global]);
        EXPECT_EQ(counter(issued + "cp_async"), expected[copy_async]);
        EXPECT_EQ(counter(issued + "commit_group"), expected[commit_group]);
        EXPECT_EQ(counter(issued + "wait_group"), expected[wait_group]);
        EXPECT_EQ(counter(issued + "barrier"), expected[barrier]);
        EXPECT_EQ(counter(issued + "convert_pack"), expected[convert_pack]);
        EXPECT_EQ(counter(issued + "clear"), expected[clear]);
        EXPECT_EQ(counter(issued + "arithmetic"), expected[arithmetic]);
        EXPECT_EQ(counter(issued + "exit"), expected[exit]);
        // Every warp of a CTA arrives at each of its barriers.
        EXPECT_EQ(counter("sm.barrier_unit.barriers") * kernel_named("64x64_s3").warps(), expected[barrier]);
    }
}

TEST(Conservation, EverySectorReadIsANearOrFarHitOrMergedOrMissed) {
    for (const Sparsity sparsity : both_sparsities) {
        for (const Scope scope : {Scope::sm, Scope::chip}) {
            const SimulationResult result = simulate(gemm(600, 400, 512, sparsity), {.scope = scope});
            const auto l2 = [&](const std::string& name) { return result.counters.at("memory.l2." + name); };
            constexpr std::uint64_t sector = 32;
            EXPECT_EQ(
                (l2("hit_sectors") + l2("far_hit_sectors") + l2("merged_sectors") + l2("missed_sectors")) * sector,
                result.counters.at("sm.load_store_unit.read_bytes"));
            EXPECT_EQ(l2("written_sectors") * sector, result.counters.at("sm.load_store_unit.written_bytes"));
        }
    }
}

TEST(Conservation, EveryByteOfTheOperandsIsFetchedFromMemoryOnceIfTheyFitIntoTheL2) {
    for (const Sparsity sparsity : both_sparsities) {
        const GemmProblem problem = gemm(512, 512, 512, sparsity);
        const SimulationResult result = simulate(problem, {.kernel = "64x64_s3"});
        const GemmPlan plan(problem, kernel_named("64x64_s3"));
        EXPECT_EQ(result.counters.at("memory.l2.missed_sectors") * 32,
                  plan.a_bytes() + plan.b_bytes() + plan.e_bytes());
    }
}

TEST(Conservation, WithOperandsInRegistersNothingMovesThroughMemory) {
    const SimulationResult result = simulate(gemm(512, 512, 512, Sparsity::two_four), {.scope = Scope::core});
    EXPECT_EQ(result.counters.at("sm.load_store_unit.transactions"), 0U);
    EXPECT_EQ(result.counters.at("sm.shared_memory.load_wavefronts"), 0U);
    EXPECT_EQ(result.counters.at(issued + "barrier"), 0U);
    EXPECT_EQ(result.account[TensorCoreState::shared_memory], Cycle(0));
    EXPECT_EQ(result.account[TensorCoreState::global_data], Cycle(0));
}

TEST(Conservation, UtilizationIsTheUsefulShareOfThePeak) {
    for (const Scope scope : all_scopes) {
        for (const Sparsity sparsity : both_sparsities) {
            const SimulationResult result = simulate(gemm(512, 512, 1024, sparsity), {.scope = scope});
            // 4 SMs x 4 cores x 256 FMA x 2 operations at 1.41 GHz.
            EXPECT_NEAR(result.dense_peak_tflops, 4 * 4 * 256 * 2 * 1.41e9 / 1e12, 1e-9);
            EXPECT_NEAR(result.sparse_peak_tflops, 2 * result.dense_peak_tflops, 1e-9);
            EXPECT_GT(result.tensor_utilization, 0.0);
            EXPECT_LE(result.tensor_utilization, 1.0);
            const double busy = static_cast<double>(result.account[TensorCoreState::busy].value()) /
                                static_cast<double>(result.account.total().value());
            EXPECT_LE(result.tensor_utilization, busy + 1e-9) << "padding is busy but not useful";
            EXPECT_EQ(result.launch_us > 0, scope == Scope::chip);
            const double seconds = result.launch_us / 1e6 + static_cast<double>(result.cycles.value()) / 1.41e9;
            EXPECT_NEAR(result.time_us, seconds * 1e6, 1e-6);
            EXPECT_NEAR(result.tflops, 2.0 * 512 * 512 * 1024 / seconds / 1e12, 1e-6);
        }
    }
}

}  // namespace
}  // namespace stcsim
