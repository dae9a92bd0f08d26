/// When the tensor core accepts, executes and writes: latencies, steady-state intervals, and what changes them.

#include <random>

#include <gtest/gtest.h>

#include "a100.h"
#include "tensor_core/datapath.h"
#include "tensor_core_bench.h"

namespace stcsim::testing {
namespace {

const MmaInstruction& dense_k8 = mma_instruction_named("mma.m16n8k8.f32.f16.f16.f32");
const MmaInstruction& dense_k16 = mma_instruction_named("mma.m16n8k16.f32.f16.f16.f32");
const MmaInstruction& sparse_k16 = mma_instruction_named("mma.sp.m16n8k16.f32.f16.f16.f32");
const MmaInstruction& sparse_k32 = mma_instruction_named("mma.sp.m16n8k32.f32.f16.f16.f32");

TensorCoreParameters core_parameters() {
    return a100().sm.tensor_core;
}

/// Cycles from the issue of a single operation to the first cycle in which the scheduler sees its result.
Cycle latency_of(const MmaInstruction& instruction, const TensorCoreParameters& parameters = core_parameters()) {
    TensorCoreBench bench(parameters);
    bench.add(instruction, 1);
    bench.run();
    EXPECT_EQ(bench.driver().written_cycles.size(), 1U);
    return bench.driver().written_cycles.at(0) - bench.driver().issue_cycles.at(0);
}

/// When each of 40 independent operations was written.
std::vector<Cycle> written_cycles(const MmaInstruction& instruction,
                                  const TensorCoreParameters& parameters = core_parameters()) {
    TensorCoreBench bench(parameters);
    bench.add(instruction, 40);
    bench.run();
    EXPECT_EQ(bench.driver().written_cycles.size(), 40U);
    return bench.driver().written_cycles;
}

/// Cycles between results once the pipeline is full, which must not vary.
Cycle interval_of(const MmaInstruction& instruction, const TensorCoreParameters& parameters = core_parameters()) {
    const std::vector<Cycle> cycles = written_cycles(instruction, parameters);
    const Cycle interval = cycles.at(21) - cycles.at(20);
    for (std::size_t i = 20; i + 1 < cycles.size(); ++i) EXPECT_EQ(cycles[i + 1] - cycles[i], interval);
    return interval;
}

// 24.7 and 17.7 cycles per iteration of a dependent loop are measured (arXiv 2206.02874), of which about 0.6 are the
// loop's start (tests/sim/microbench runs that loop).
TEST(TensorCoreLatency, IsWhatIsMeasuredForDenseInstructionsWithoutTheLoopAroundThem) {
    EXPECT_EQ(latency_of(dense_k16), Cycle(24));
    EXPECT_EQ(latency_of(dense_k8), Cycle(17));
}

TEST(TensorCoreLatency, OfASparseInstructionIsThatOfTheDenseOneWithHalfTheK) {
    EXPECT_EQ(latency_of(sparse_k32), latency_of(dense_k16));
    EXPECT_EQ(latency_of(sparse_k16), latency_of(dense_k8));
}

TEST(TensorCoreLatency, GrowsByWhatIsAddedToAnyStage) {
    const Cycle dense = latency_of(dense_k16);
    const Cycle sparse = latency_of(sparse_k32);
    TensorCoreParameters slower = core_parameters();
    slower.accumulator.latency += Cycle(5);
    EXPECT_EQ(latency_of(dense_k16, slower), dense + Cycle(5));
    EXPECT_EQ(latency_of(sparse_k32, slower), sparse + Cycle(5));
    slower.dot_product_array.pipeline_depth += Cycle(3);
    EXPECT_EQ(latency_of(dense_k16, slower), dense + Cycle(8));
    slower.metadata_decoder.latency += Cycle(2);
    slower.input_selector.latency += Cycle(4);
    EXPECT_EQ(latency_of(dense_k16, slower), dense + Cycle(8));
    EXPECT_EQ(latency_of(sparse_k32, slower), sparse + Cycle(14));
}

TEST(TensorCoreLatency, OfChainedPassesGrowsWithTheChainLatencyAndOfASinglePassDoesNot) {
    TensorCoreParameters slower = core_parameters();
    slower.dot_product_array.pass_chain_latency += Cycle(6);
    EXPECT_EQ(latency_of(dense_k16, slower), latency_of(dense_k16) + Cycle(6));
    EXPECT_EQ(latency_of(dense_k8, slower), latency_of(dense_k8));
}

TEST(TensorCoreInterval, OfInstructionsThatFillTheArrayIsTheirSteps) {
    const DotProductArrayParameters array = core_parameters().dot_product_array;
    for (const MmaInstruction* instruction : {&dense_k8, &dense_k16, &sparse_k32}) {
        EXPECT_EQ(interval_of(*instruction), Cycle(array_schedule(*instruction, array).steps)) << instruction->name();
    }
    // HMMA.16816 issues every 8 cycles (arXiv 2208.11174), small-k every 4 (static schedule of ptxas for sm_80).
    EXPECT_EQ(interval_of(dense_k16), Cycle(8));
    EXPECT_EQ(interval_of(sparse_k32), Cycle(8));
    EXPECT_EQ(interval_of(dense_k8), Cycle(4));
}

TEST(TensorCoreInterval, OfEveryInstructionIsTheLeastItsPassesAndTheArrayAllow) {
    for (const MmaInstruction& instruction : mma_instructions()) {
        if (!instruction.is_plain()) continue;
        EXPECT_EQ(interval_of(instruction), least_interval(instruction, core_parameters())) << instruction.name();
    }
}

struct SlowSparsePath {
    const char* name;
    void (*slow_down)(TensorCoreParameters&);
    std::uint64_t k32_interval;  ///< that the parameter allows
};

class SlowSparsePathTest : public ::testing::TestWithParam<SlowSparsePath> {};

TEST_P(SlowSparsePathTest, SlowsSparseInstructionsDownToItsRateAndDenseOnesNotByACycle) {
    TensorCoreParameters slow = core_parameters();
    GetParam().slow_down(slow);
    EXPECT_EQ(interval_of(sparse_k32, slow), Cycle(GetParam().k32_interval));
    EXPECT_GT(interval_of(sparse_k32, slow), interval_of(sparse_k32));
    EXPECT_EQ(written_cycles(dense_k16, slow), written_cycles(dense_k16));
    EXPECT_EQ(written_cycles(dense_k8, slow), written_cycles(dense_k8));
}

INSTANTIATE_TEST_SUITE_P(
    Parameters, SlowSparsePathTest,
    ::testing::Values(
        SlowSparsePath{"SelectionsPerCycle",
                       [](TensorCoreParameters& p) { p.input_selector.selections_per_cycle /= 2; }, 16},
        SlowSparsePath{"MuxWidth", [](TensorCoreParameters& p) { p.input_selector.mux_width /= 2; }, 16},
        // 16 rows x 16 stored elements at 8 codes a cycle.
        SlowSparsePath{"CodesPerCycle", [](TensorCoreParameters& p) { p.metadata_decoder.codes_per_cycle = 8; }, 32},
        SlowSparsePath{"MinimumInterval",
                       [](TensorCoreParameters& p) { p.metadata_decoder.minimum_interval = Cycle(13); }, 13}),
    [](const auto& instance) { return instance.param.name; });

TEST(TensorCore, WithoutASparsePathRunsDenseInstructionsToTheSameCycle) {
    TensorCoreParameters dense_only = a100_dense_only().sm.tensor_core;
    ASSERT_FALSE(dense_only.sparse_path);
    EXPECT_EQ(written_cycles(dense_k16, dense_only), written_cycles(dense_k16));
    EXPECT_EQ(written_cycles(dense_k8, dense_only), written_cycles(dense_k8));
}

TEST(TensorCore, WithoutASparsePathHasNeitherDecoderNorSelector) {
    const auto reports = [](const TensorCoreParameters& parameters, std::string_view module) {
        TensorCoreBench bench(parameters);
        bench.add(dense_k16, 1);
        bench.run();
        const CounterReport report = bench.counters();
        return std::ranges::any_of(
            report.values(), [&](const CounterValue& value) { return value.path.find(module) != std::string::npos; });
    };
    for (const char* module : {"metadata_decoder", "input_selector"}) {
        EXPECT_TRUE(reports(core_parameters(), module));
        EXPECT_FALSE(reports(a100_dense_only().sm.tensor_core, module));
    }
    EXPECT_TRUE(reports(a100_dense_only().sm.tensor_core, "dot_product_array"));
}

TEST(TensorCore, AcceptsAsManyOperationsAheadAsTheBufferHolds) {
    TensorCoreParameters parameters = core_parameters();
    for (const std::uint32_t depth : {1U, 3U}) {
        parameters.operand_fetch.buffer_depth = depth;
        TensorCoreBench bench(parameters);
        bench.add(dense_k16, 40);
        bench.run();
        const auto& issued = bench.driver().issue_cycles;
        const auto& read = bench.driver().read_cycles;
        std::size_t most = 0;
        for (std::size_t i = 0; i < issued.size(); ++i) {
            const auto taken = static_cast<std::size_t>(
                std::ranges::count_if(bench.timeline().entries(), [&](const auto& e) { return e.start < issued[i]; }));
            most = std::max(most, i - taken);
        }
        EXPECT_EQ(read.size(), 40U);
        // One in the fetch, two in the register behind it and one in the array's latch come on top.
        EXPECT_LE(most, depth + 4);
        EXPECT_GE(most, depth);
    }
}

TEST(TensorCore, OperandsOfOneBankTakeAsManyCyclesAsRegisters) {
    // All of A, B and C in one bank: 12 reads through one port, more than the 8 steps hide.
    TensorCoreParameters one_bank = core_parameters();
    one_bank.operand_fetch.register_banks = 1;
    const std::uint32_t reads = dense_k16.a_registers() + dense_k16.b_registers() + dense_k16.c_registers();
    EXPECT_EQ(interval_of(dense_k16, one_bank), Cycle(reads));
    one_bank.operand_fetch.ports_per_bank = 2;
    EXPECT_EQ(interval_of(dense_k16, one_bank), interval_of(dense_k16));
}

TEST(TensorCore, CountsWhatItExecuted) {
    TensorCoreBench bench(core_parameters());
    bench.add(dense_k16, 3);
    bench.add(sparse_k32, 5);
    bench.run();
    const CounterReport report = bench.counters();
    EXPECT_EQ(report.at("sm.tensor_core.dot_product_array.instructions"), 8U);
    EXPECT_EQ(report.at("sm.tensor_core.dot_product_array.fused_multiply_adds"), 16U * 8 * (3 * 16 + 5 * 32));
    EXPECT_EQ(report.at("sm.tensor_core.dot_product_array.multiplications"), 16U * 8 * (3 * 16 + 5 * 16));
    EXPECT_EQ(report.at("sm.tensor_core.input_selector.operations"), 5U);
    EXPECT_EQ(report.at("sm.tensor_core.metadata_decoder.codes"), 5U * 16 * 16);
    EXPECT_EQ(report.at("sm.tensor_core.accumulator.register_writes"), 8U * 4);
}

TEST(TensorCore, AttributesEveryCycleAndIsBusyForTheStepsExecuted) {
    TensorCoreBench bench(core_parameters());
    bench.add(dense_k16, 10);
    bench.add(sparse_k16, 50);
    bench.run();
    CycleAttribution& attribution = bench.core().attribution();
    attribution.finish(bench.now());
    EXPECT_EQ(attribution.account().total(), bench.now());
    EXPECT_EQ(attribution.account()[TensorCoreState::busy].value(),
              bench.counters().at("sm.tensor_core.dot_product_array.steps"));
    EXPECT_GT(attribution.account()[TensorCoreState::operands], Cycle(0)) << "two passes per small-k mma.sp";
}

TEST(TensorCore, NeverHasTwoInstructionsInTheArrayAtOnce) {
    TensorCoreBench bench(core_parameters());
    std::mt19937 random(1);
    for (std::uint32_t i = 0; i < 60; ++i) {
        const MmaInstruction* const mix[]{&dense_k8, &dense_k16, &sparse_k16, &sparse_k32};
        bench.add(TensorCoreBench::operation(*mix[random() % 4], i));
    }
    bench.run();
    const auto& entries = bench.timeline().entries();
    ASSERT_EQ(entries.size(), 60U);
    for (std::size_t i = 1; i < entries.size(); ++i) {
        EXPECT_GE(entries[i].start, entries[i - 1].start + entries[i - 1].steps);
    }
}

TEST(TensorCore, TakesTheSameCyclesInAnyEvaluationAndConstructionOrder) {
    const auto cycles_with = [](std::uint64_t seed) {
        TensorCoreBench bench(core_parameters(), false, seed);
        for (std::uint32_t i = 0; i < 40; ++i) {
            bench.add(TensorCoreBench::operation(i % 3 == 0 ? dense_k8 : i % 3 == 1 ? sparse_k16 : sparse_k32, i));
        }
        bench.run();
        return bench.driver().written_cycles;
    };
    const auto reference = cycles_with(0);
    for (const std::uint64_t seed : shuffle_seeds) EXPECT_EQ(cycles_with(seed), reference) << "seed " << seed;
}

}  // namespace
}  // namespace stcsim::testing
