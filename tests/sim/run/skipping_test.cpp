/// Cycles that repeat others are left out, and nothing of the result tells.
#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/gpu.h"
#include "gpu/repetition.h"
#include "kernel/gemm_stream.h"
#include "small_runs.h"

namespace stcsim {
namespace {

using testing::both_sparsities;
using testing::describe;
using testing::expect_same_machine;
using testing::gemm;
using testing::small_a100;

/// The share of the cycles that were skipped, once everything else has been compared with a run that skips nothing.
double skipped_share(const GpuDescription& gpu, const GemmProblem& problem, const testing::Options& options) {
    SimulationOptions skipping = options;
    SimulationOptions complete = options;
    complete.skip = false;
    const SimulationResult one = simulate_gemm(gpu, problem, complete);
    const SimulationResult other = simulate_gemm(gpu, problem, skipping);
    expect_same_machine(one, other, describe(options, problem));
    EXPECT_EQ(one.skipped_cycles, Cycle(0));
    EXPECT_EQ(one.time_us, other.time_us);
    EXPECT_EQ(one.tflops, other.tflops);
    EXPECT_EQ(one.bound_by, other.bound_by);
    EXPECT_EQ(one.hbm_read_bytes, other.hbm_read_bytes);
    return static_cast<double>(other.skipped_cycles.value()) / static_cast<double>(other.cycles.value());
}

TEST(Skipping, MostOfALongProductIsSkippedWhereOperandsAreInRegisters) {
    for (const Sparsity sparsity : both_sparsities) {
        const testing::Options options{.scope = Scope::core, .kernel = "128x128x32_s3"};
        EXPECT_GT(skipped_share(small_a100(), gemm(256, 256, 4096, sparsity), options), 0.8);
    }
}

TEST(Skipping, ChangesNoCountWhateverTheShape) {
    struct Shape {
        std::uint64_t m, n, k, batch;
    };
    // From less than a k-tile to many, with and without a rest of k, and several CTAs one after the other.
    constexpr std::array<Shape, 6> shapes{{{64, 64, 16, 1},
                                           {200, 136, 96, 1},
                                           {256, 256, 1008, 1},
                                           {512, 384, 528, 2},
                                           {64, 72, 2048, 3},
                                           {640, 640, 640, 1}}};
    for (const Scope scope : {Scope::core, Scope::sm}) {
        for (const Shape& shape : shapes) {
            for (const Sparsity sparsity : both_sparsities) {
                GemmProblem problem = gemm(shape.m, shape.n, shape.k, sparsity);
                problem.batch = shape.batch;
                skipped_share(small_a100(), problem, {.scope = scope});
            }
        }
    }
}

TEST(Skipping, ChangesNoCountWhateverTheKernel) {
    for (const char* const kernel : {"64x64x32_s2", "64x64x64_s6", "64x128x32_s4", "128x64x64_s3", "256x64x32_s4",
                                     "64x256x32_s3", "128x256x32_s3", "256x128x64_s2", "64x64x32_s3_k3"}) {
        for (const Sparsity sparsity : both_sparsities) {
            const testing::Options options{.scope = Scope::core, .kernel = kernel};
            EXPECT_GT(skipped_share(small_a100(), gemm(512, 512, 2048, sparsity), options), 0.0) << kernel;
            skipped_share(small_a100(), gemm(256, 256, 528, sparsity), {.scope = Scope::sm, .kernel = kernel});
        }
    }
}

TEST(Skipping, ChangesNoCountWhateverTheType) {
    using enum ElementType;
    struct Types {
        ElementType input, accumulator, output;
    };
    for (const Types& types :
         {Types{f16, f16, f16}, Types{bf16, f32, bf16}, Types{tf32, f32, f32}, Types{s8, s32, s8}}) {
        for (const Sparsity sparsity : both_sparsities) {
            GemmProblem problem = gemm(256, 256, 2048, sparsity);
            problem.input = types.input;
            problem.accumulator = types.accumulator;
            problem.output = types.output;
            EXPECT_GT(skipped_share(small_a100(), problem, {.scope = Scope::core}), 0.0);
        }
    }
}

TEST(Skipping, ChangesNoCountOnOtherMachines) {
    for (const char* const change :
         {"sm.tensor_core.input_selector.selections_per_cycle=32", "sm.tensor_core.metadata_decoder.codes_per_cycle=7",
          "sm.tensor_core.metadata_decoder.minimum_interval=11", "sm.tensor_core.operand_fetch.ports_per_bank=2",
          "sm.tensor_core.dot_product_array.pass_chain_latency=31", "sm.tensor_core.accumulator.write_ports=1",
          "sm.tensor_core.operand_fetch.buffer_depth=3", "sm.shared_memory.base_latency=50",
          "sm.warp_scheduler.shared_unit_queue_depth=1"}) {
        GpuDescription gpu = small_a100();
        apply_override(gpu, change);
        for (const Sparsity sparsity : both_sparsities) {
            skipped_share(gpu, gemm(256, 256, 1536, sparsity), {.scope = Scope::core, .kernel = "128x128x32_s3"});
            skipped_share(gpu, gemm(128, 128, 528, sparsity), {.scope = Scope::sm, .kernel = "128x128x32_s3"});
        }
    }
}

TEST(Skipping, ChangesNoCountWhenModulesAreShuffled) {
    testing::Options options{.scope = Scope::core, .kernel = "64x64x32_s3"};
    for (options.shuffle_seed = 1; options.shuffle_seed <= 3; ++options.shuffle_seed) {
        EXPECT_GT(skipped_share(small_a100(), gemm(256, 256, 2048, Sparsity::two_four), options), 0.0);
    }
}

TEST(Skipping, DoesNotHappenWhereValuesMove) {
    const GemmProblem problem = gemm(128, 128, 1024, Sparsity::two_four);
    const SimulationResult result =
        simulate_gemm(small_a100(), problem, testing::Options{.scope = Scope::core, .verify = true});
    EXPECT_EQ(result.skipped_cycles, Cycle(0));
    ASSERT_TRUE(result.verification.has_value());
    EXPECT_EQ(result.verification->mismatches, 0U);
}

/// One SM whose memory takes every access back after the same time: here cp.async, barriers and shared memory repeat
/// as well.
GpuRunResult with_ideal_memory(const GpuParameters& gpu, const GemmPlan& plan, bool skip) {
    GemmStream stream(plan, false);
    GpuRunOptions options;
    options.one_sm = true;
    options.ctas = {.count = plan.ctas()};
    options.ideal_memory_latency = Cycle(600);
    options.skip_repetition = skip;
    return run_gpu(gpu, stream, options);
}

TEST(Skipping, CoversCopiesBarriersAndSharedMemoryBehindAnIdealMemory) {
    const GpuDescription gpu = small_a100();
    Cycle cycles{0};
    Cycle skipped{0};
    for (const char* const kernel : {"64x64x32_s3", "64x64x64_s4", "128x128x32_s5", "128x256x32_s3"}) {
        for (const Sparsity sparsity : both_sparsities) {
            const GemmPlan plan(gemm(256, 256, 2048, sparsity), kernel_named(kernel));
            const GpuRunResult complete = with_ideal_memory(gpu.parameters, plan, false);
            const GpuRunResult skipping = with_ideal_memory(gpu.parameters, plan, true);
            EXPECT_EQ(complete.cycles, skipping.cycles) << kernel;
            EXPECT_EQ(complete.last_cta_end, skipping.last_cta_end) << kernel;
            EXPECT_EQ(complete.account.cycles, skipping.account.cycles) << kernel;
            for (const CounterValue& counter : complete.counters.values()) {
                EXPECT_EQ(counter.value, skipping.counters.at(counter.path)) << kernel << ' ' << counter.path;
            }
            cycles += complete.cycles;
            skipped += skipping.skipped_cycles;
        }
    }
    // Several small CTAs side by side take long to come to the same state.
    EXPECT_GT(skipped.value(), cycles.value() / 5);
}

TEST(Skipping, LookingForRepetitionsTakesAShareOfTheWorkAtMost) {
    const GpuDescription gpu = small_a100();
    const GemmPlan plan(gemm(256, 256, 2048), kernel_named("64x64x32_s3"));
    GemmStream stream(plan, false);
    GpuRunOptions options;
    options.ctas = {.count = plan.ctas()};
    options.skip_repetition = true;
    const GpuRunResult result = run_gpu(gpu.parameters, stream, options);
    constexpr double share = 1.2;  // the last look may exceed it
    EXPECT_GT(result.state_words, 0U);
    EXPECT_LT(
        static_cast<double>(result.state_words),
        share * static_cast<double>(Repetition::first_words + result.evaluations / Repetition::evaluations_per_word));
}

}  // namespace
}  // namespace stcsim
