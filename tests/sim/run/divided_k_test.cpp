/// Kernels that divide k: D bit for bit in their order of additions, nothing lost, no deadlock, and what they are for.
#include <gtest/gtest.h>

#include "base/error.h"
#include "kernel/gemm_plan.h"
#include "small_runs.h"

namespace stcsim {
namespace {

using testing::both_sparsities;
using testing::describe;
using testing::expect_same_machine;
using testing::expect_verified;
using testing::gemm;
using testing::simulate;
using testing::small_a100;

const char* const divisions[] = {"_k3", "_serial3", "_serial7", "_stream", "_stream3", "_stream7"};

/// Types whose partial sums every one of the kernels can add up.
struct Types {
    ElementType input, accumulator, output;
};
constexpr Types types_of_sums[] = {{ElementType::f16, ElementType::f32, ElementType::f16},
                                   {ElementType::bf16, ElementType::f32, ElementType::bf16},
                                   {ElementType::f16, ElementType::f32, ElementType::f32},
                                   {ElementType::tf32, ElementType::f32, ElementType::f32},
                                   {ElementType::s8, ElementType::s32, ElementType::s32}};

TEST(DividedK, GivesTheBitsOfItsOrderOfAdditionsForEveryTypeOnShapesWithEdges) {
    for (const char* const division : {"_k3", "_serial3", "_stream", "_stream7"}) {
        for (const Sparsity sparsity : both_sparsities) {
            for (const Types& types : types_of_sums) {
                GemmProblem problem = gemm(70, 75, 272, sparsity);
                problem.input = types.input;
                problem.accumulator = types.accumulator;
                problem.output = types.output;
                expect_verified(problem, {.kernel = std::string("64x64x32_s3") + division});
                if (sparsity == Sparsity::dense) continue;
                problem.sparse_operand = SparseOperand::b;
                expect_verified(problem, {.kernel = std::string("64x128x32_s2") + division});
            }
        }
    }
}

TEST(DividedK, GivesTheBitsForBatchesSingleElementsAndMoreSlicesThanKTiles) {
    for (const char* const division : divisions) {
        GemmProblem batches = gemm(72, 66, 224);
        batches.batch = 2;
        expect_verified(batches, {.kernel = std::string("64x64_s4") + division});
        expect_verified(gemm(1, 1, 64, Sparsity::two_four), {.kernel = std::string("64x64_s3") + division});
    }
}

TEST(DividedK, OfTwoLaunchesGivesTheBitsOnOneSm) {
    expect_verified(gemm(200, 136, 400), {.scope = Scope::sm, .kernel = "64x64_s3_k3"});
}

TEST(DividedK, ShufflingChangesNoCountWhereCtasWait) {
    for (const char* const division : {"_serial5", "_stream"}) {
        const GemmProblem problem = gemm(200, 136, 1040, Sparsity::two_four);
        testing::Options options{.kernel = std::string("64x64_s3") + division};
        const SimulationResult in_order = simulate(problem, options);
        for (options.shuffle_seed = 1; options.shuffle_seed <= 2; ++options.shuffle_seed) {
            expect_same_machine(in_order, simulate(problem, options), describe(options, problem));
        }
        options.shuffle_seed = 0;
        options.verify = true;
        expect_same_machine(in_order, simulate(problem, options), "values");
    }
}

TEST(DividedK, MultipliesAsMuchAsUndividedAndWritesDOncePerSlice) {
    const GemmProblem problem = gemm(256, 192, 1024);
    const auto counter = [&](const std::string& kernel, const char* name) {
        return simulate(problem, {.kernel = kernel}).counters.at(name);
    };
    const char* const multiply_adds = "sm.tensor_core.dot_product_array.fused_multiply_adds";
    const std::uint64_t undivided = counter("64x64_s3", multiply_adds);
    for (const char* const division : divisions) {
        EXPECT_EQ(counter(std::string("64x64_s3") + division, multiply_adds), undivided) << division;
    }
    // A sector for every semaphore that is raised.
    const std::uint64_t d_bytes = problem.m * problem.n * 2;
    const std::uint64_t tiles = 12;
    EXPECT_EQ(counter("64x64_s3_serial4", "sm.load_store_unit.written_bytes"), 4 * (d_bytes + tiles * 32));
}

TEST(DividedK, AccountsForEveryTensorCoreCycle) {
    for (const char* const division : divisions) {
        const SimulationResult result = simulate(gemm(200, 200, 700), {.kernel = std::string("64x64_s3") + division});
        EXPECT_EQ(result.account.total(), result.cycles * result.tensor_cores) << division;
    }
}

TEST(SerialSplitK, TakesLongerThanItsLongestSliceByTheOthersEpilogues) {
    // One tile: each slice's CTA has an SM for itself, and they finish one after the other.
    const GemmProblem one_tile = gemm(64, 64, 4096);
    const auto cycles = [&](const char* kernel) { return simulate(one_tile, {.kernel = kernel}).cycles; };
    EXPECT_LT(cycles("64x64_s3_serial4"), cycles("64x64_s3"));
    EXPECT_GT(cycles("64x64_s3_serial4"), simulate(gemm(64, 64, 1024), {.kernel = "64x64_s3"}).cycles);
}

TEST(StreamK, EvensOutTheTailOfQuantisedWaves) {
    // Four SMs with two CTAs each; nine tiles take two waves, the second of one CTA.
    const GemmProblem problem = gemm(384, 384, 4096);
    const SimulationResult tiles = simulate(problem, {.kernel = "128x128_s4"});
    const SimulationResult stream = simulate(problem, {.kernel = "128x128_s4_stream"});
    EXPECT_EQ(stream.total_ctas, 8U);
    EXPECT_LT(static_cast<double>(stream.cycles.value()), 0.85 * static_cast<double>(tiles.cycles.value()));
}

TEST(StreamK, OfWholeWavesIsAboutAsFastAsTiles) {
    const GemmProblem problem = gemm(512, 512, 1024);
    const SimulationResult tiles = simulate(problem, {.kernel = "128x128_s4"});
    const SimulationResult stream = simulate(problem, {.kernel = "128x128_s4_stream"});
    EXPECT_NEAR(static_cast<double>(stream.cycles.value()) / static_cast<double>(tiles.cycles.value()), 1, 0.1);
}

TEST(DividedK, IsSimulatedExactlyWhereCtasWait) {
    for (const char* const division : {"_serial4", "_stream"}) {
        testing::Options options{.kernel = std::string("64x64_s3") + division, .method = Method::sampled};
        EXPECT_EQ(simulate(gemm(256, 256, 1024), options).method, Method::exact) << division;
    }
}

TEST(DividedK, IsRefusedWhereItsCtasWouldWaitForever) {
    const GpuDescription gpu = small_a100();
    for (const char* const kernel : {"64x64_s3_serial4", "64x64_s3_stream"}) {
        const auto check = [&](testing::Options options) {
            options.kernel = kernel;
            check_gemm(gpu, gemm(64, 64, 1024), options);
        };
        EXPECT_NO_THROW(check({}));
        EXPECT_NO_THROW(check({.scope = Scope::core}));
        EXPECT_THROW(check({.scope = Scope::sm}), InputError);
        EXPECT_THROW(check({.scope = Scope::core, .verify = true}), InputError);
        EXPECT_THROW(check({.method = Method::sampled, .warm_l2 = true}), InputError);
    }
}

TEST(NarrowCopies, GiveTheBitsForRowsThatAreNoMultiplesOf16Bytes) {
    for (const Sparsity sparsity : both_sparsities) {
        for (const Types& types : types_of_sums) {
            GemmProblem problem = gemm(70, 75, 188, sparsity);
            problem.input = types.input;
            problem.accumulator = types.accumulator;
            problem.output = types.output;
            if (types.input == ElementType::s8) problem.k = 376;
            expect_verified(problem, {.kernel = "64x64_s3"});
            problem.sparse_operand = SparseOperand::b;
            expect_verified(problem, {.kernel = "64x64x64_s2_stream3"});
        }
    }
    expect_verified(gemm(70, 75, 94), {.kernel = "64x64_s3"});
}

TEST(NarrowCopies, TakeMoreInstructionsTransactionsAndCycles) {
    for (const Sparsity sparsity : both_sparsities) {
        const GemmProblem problem = gemm(512, 512, 1024, sparsity);
        const SimulationResult wide = simulate(problem, {.kernel = "128x128_s4_copy16"});
        const SimulationResult half = simulate(problem, {.kernel = "128x128_s4_copy8"});
        const SimulationResult quarter = simulate(problem, {.kernel = "128x128_s4_copy4"});
        const auto copies = [](const SimulationResult& result) {
            return result.counters.at("sm.warp_scheduler.issued.cp_async");
        };
        const auto transactions = [](const SimulationResult& result) {
            return result.counters.at("sm.load_store_unit.transactions");
        };
        // Metadata are copied 16 bytes at a time in all of them.
        const GemmPlan plan(problem, kernel_named("128x128_s4"));
        const std::uint64_t metadata = sparsity == Sparsity::dense ? 0 : plan.ctas() * plan.k_tiles() * 4;
        EXPECT_EQ(copies(half) - metadata, 2 * (copies(wide) - metadata));
        EXPECT_EQ(copies(quarter) - metadata, 4 * (copies(wide) - metadata));
        EXPECT_EQ(transactions(quarter) - transactions(wide), copies(quarter) - copies(wide));
        // Tiles that keep the tensor cores busy: what copies take of the issue slots is missing there.
        EXPECT_GT(static_cast<double>(quarter.cycles.value()), 1.05 * static_cast<double>(wide.cycles.value()));
        EXPECT_EQ(quarter.counters.at("sm.shared_memory.filled_bytes"),
                  wide.counters.at("sm.shared_memory.filled_bytes"));
    }
}

}  // namespace
}  // namespace stcsim
