/// Every CTA runs once, spread over the SMs; a launch that cannot end or start is an error.

#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "a100.h"
#include "base/error.h"
#include "scripted_stream.h"
#include "warp_instructions.h"

namespace stcsim::testing {
namespace {

/// An A100 of a few SMs.
GpuParameters small_gpu(std::uint32_t sms) {
    GpuParameters parameters = a100();
    parameters.sm_count = sms;
    return parameters;
}

GpuRunResult run_on_chip(ScriptedStream& stream, const GpuParameters& parameters, std::uint64_t shuffle_seed = 0) {
    GpuRunOptions options;
    options.ctas.count = stream.ctas();
    options.shuffle_seed = shuffle_seed;
    return run_gpu(parameters, stream, options);
}

RC_GTEST_PROP(CtaSelection, AndItsRestArePartsOfTheGridWithoutOverlap, ()) {
    const auto ctas = *rc::gen::inRange<std::uint64_t>(1, 2000);
    const auto stride = *rc::gen::inRange<std::uint64_t>(2, 200);
    const CtaSelection selection{.stride = stride, .count = (ctas + stride - 1) / stride};
    const CtaSelection rest = rest_of(selection, ctas);
    std::set<CtaIndex> seen;
    for (const CtaSelection& part : {selection, rest}) {
        for (std::uint64_t i = 0; i < part.count; ++i) {
            RC_ASSERT(part.at(i) < CtaIndex(ctas));
            RC_ASSERT(seen.insert(part.at(i)).second);
            if (i > 0) RC_ASSERT(part.at(i - 1) < part.at(i));
        }
    }
    RC_ASSERT(seen.size() == ctas);
}

RC_GTEST_PROP(Gpu, DoesTheSameHoweverManySmsHaveNoCta, ()) {
    const auto ctas = *rc::gen::inRange(1U, 5U);
    const auto run = [&](std::uint32_t sms) {
        ScriptedStream stream({.warps = 2, .registers_per_thread = 64}, ctas, [](CtaIndex cta, std::uint32_t warp) {
            return Program((cta.value() * 7 + warp) % 23, arithmetic({}));
        });
        return run_on_chip(stream, small_gpu(sms));
    };
    const GpuRunResult full = run(ctas);
    const GpuRunResult roomy = run(ctas + *rc::gen::inRange(1U, 20U));
    RC_ASSERT(roomy.cycles == full.cycles);
    for (const CounterValue& counter : full.counters.values()) {
        RC_ASSERT(roomy.counters.at(counter.path) == counter.value);
    }
    RC_ASSERT(roomy.account.total() == roomy.cycles * roomy.tensor_cores);
    TensorCoreAccount idle = roomy.account;
    idle[TensorCoreState::tail] = full.account[TensorCoreState::tail];
    RC_ASSERT(idle.cycles == full.account.cycles);
}

RC_GTEST_PROP(Gpu, RunsEveryWarpOfEveryCtaOnce, ()) {
    const CtaResources resources{.warps = *rc::gen::inRange(1U, 9U),
                                 .registers_per_thread = *rc::gen::element(32U, 128U, 255U)};
    const auto ctas = *rc::gen::inRange<std::uint64_t>(1, 60);
    ScriptedStream stream(resources, ctas, [](CtaIndex cta, std::uint32_t warp) {
        return Program((cta.value() * 7 + warp) % 23, arithmetic({}));
    });
    const GpuRunResult result = run_on_chip(stream, small_gpu(3));
    std::set<std::pair<CtaIndex, std::uint32_t>> distinct(stream.started().begin(), stream.started().end());
    RC_ASSERT(stream.started().size() == ctas * resources.warps);
    RC_ASSERT(distinct.size() == stream.started().size());
    RC_ASSERT(result.counters.at("sm.cta_controller.ctas") == ctas);
    RC_ASSERT(result.counters.at("sm.warp_scheduler.issued.exit") == ctas * resources.warps);
    RC_ASSERT(result.account.total() == result.cycles * result.tensor_cores);
}

/// A stream of two launches.
class TwoLaunches : public ScriptedStream {
  public:
    TwoLaunches(std::uint64_t ctas, CtaIndex second, const std::function<Program(CtaIndex, std::uint32_t)>& program)
        : ScriptedStream({}, ctas, program), second_(second) {}
    [[nodiscard]] CtaIndex second_launch() const override { return second_; }

  private:
    CtaIndex second_;
};

TEST(Gpu, StartsASecondLaunchWhenTheFirstHasEndedAndTheGapHasPassed) {
    const GpuParameters parameters = small_gpu(3);
    const auto program = [](CtaIndex cta, std::uint32_t) {
        return Program(cta.value() == 1 ? 4000 : 10, arithmetic({}));
    };
    TwoLaunches none(4, CtaIndex(4), program);
    TwoLaunches two(5, CtaIndex(4), program);
    const Cycle first = run_on_chip(none, parameters).cycles;
    const Cycle both = run_on_chip(two, parameters).cycles;
    EXPECT_GE(both, first + parameters.cta_scheduler.launch_gap + parameters.cta_scheduler.launch_latency);
    EXPECT_LE(both, first + parameters.cta_scheduler.launch_gap + parameters.cta_scheduler.launch_latency + Cycle(200));
    EXPECT_EQ(run_on_chip(two, parameters, 77).cycles, both) << "whatever the order of modules";
}

TEST(Gpu, RunsTheSelectedCtasOnly) {
    ScriptedStream stream({}, 100, [](CtaIndex, std::uint32_t) { return Program{}; });
    GpuRunOptions options;
    options.one_sm = true;
    options.ctas = {.stride = 9, .count = 12};
    run_gpu(a100(), stream, options);
    ASSERT_EQ(stream.started().size(), 12U);
    for (const auto& [cta, warp] : stream.started()) EXPECT_EQ(cta.value() % 9, 0U);
}

TEST(Gpu, SpreadsCtasOverTheSmsBeforeItDoublesUp) {
    // Each CTA keeps its sub-core's issue slot: two on an SM, on the same sub-core, take twice as long.
    const auto cycles_of = [](std::uint64_t ctas) {
        const CtaResources resources{.warps = 4};
        ScriptedStream stream(resources, ctas, [](CtaIndex, std::uint32_t) { return Program(5000, arithmetic({})); });
        return run_on_chip(stream, small_gpu(4)).cycles;
    };
    EXPECT_LT(cycles_of(4), cycles_of(1) + Cycle(100));
    EXPECT_GT(cycles_of(5), cycles_of(4) + Cycle(4900));
    EXPECT_LT(cycles_of(8), cycles_of(5) + Cycle(100));
}

TEST(Gpu, StartsACtaTheLaunchLatencyAfterItsTurn) {
    ScriptedStream stream({}, 3, [](CtaIndex, std::uint32_t) { return Program{}; });
    run_on_chip(stream, small_gpu(4));
    const Cycle latency = a100().cta_scheduler.launch_latency;
    for (std::uint64_t cta = 0; cta < 3; ++cta) {
        const Cycle decided = a100().cta_scheduler.launch_interval * cta;
        EXPECT_GE(stream.start_of(CtaIndex(cta)), decided + latency);
        EXPECT_LE(stream.start_of(CtaIndex(cta)), decided + latency + Cycle(2));
    }
}

TEST(Gpu, HoldsBackCtasThatAreNotResident) {
    const CtaResources whole_sm{.warps = 1, .shared_memory = a100().sm.residency.shared_memory_per_cta};
    ScriptedStream stream(whole_sm, 2, [](CtaIndex, std::uint32_t) { return Program(1000, arithmetic({})); });
    run_on_one_sm(stream, a100());
    EXPECT_GT(stream.start_of(CtaIndex(1)), stream.issued(999, 0, CtaIndex(0)));
}

/// A barrier of two warps.
WarpInstruction barrier_of_two() {
    WarpInstruction instruction = barrier();
    instruction.barrier_warps = 2;
    return instruction;
}

// The other warp exits without ever arriving.
TEST(Gpu, ABarrierThatNotAllWarpsReachIsReportedAsADeadlock) {
    ScriptedStream stream(std::vector<Program>{{barrier_of_two()}, {}});
    try {
        run_on_one_sm(stream, a100());
        FAIL() << "the run ended";
    } catch (const DeadlockError& error) {
        EXPECT_NE(std::string(error.what()).find("deadlock"), std::string::npos) << error.what();
        EXPECT_NE(std::string(error.what()).find("0 of 1 CTAs"), std::string::npos) << error.what();
    }
}

TEST(Gpu, StopsSoonAfterTheMostCyclesAllowed) {
    ScriptedStream stream(Program(100'000, arithmetic({})));
    GpuRunOptions options;
    options.one_sm = true;
    options.ctas.count = 1;
    options.most_cycles = Cycle(30'000);
    EXPECT_THROW(run_gpu(a100(), stream, options), CycleLimitError);
    options.most_cycles = Cycle(200'000);
    EXPECT_NO_THROW(run_gpu(a100(), stream, options));
}

TEST(Gpu, ACtaThatFitsOnNoSmIsAnInputErrorThatSaysWhy) {
    ScriptedStream stream({.warps = 4, .shared_memory = Bytes(200000)}, 1,
                          [](CtaIndex, std::uint32_t) { return Program{}; });
    try {
        run_on_one_sm(stream, a100());
        FAIL() << "the run ended";
    } catch (const InputError& error) {
        EXPECT_NE(std::string(error.what()).find("shared memory"), std::string::npos) << error.what();
    }
}

TEST(Gpu, CanRunAgainAfterARunThatFailed) {
    ScriptedStream stuck(std::vector<Program>{{barrier_of_two()}, {}});
    EXPECT_THROW(run_on_one_sm(stuck, a100()), DeadlockError);
    ScriptedStream fine({arithmetic({0, 1}), use({0, 1})});
    ScriptedStream again({arithmetic({0, 1}), use({0, 1})});
    EXPECT_EQ(run_on_one_sm(fine, a100()).cycles, run_on_one_sm(again, a100()).cycles);
}

TEST(Gpu, TakesTheSameCyclesInAnyConstructionAndEvaluationOrder) {
    const auto result_with = [](std::uint64_t seed) {
        const CtaResources resources{.warps = 6, .shared_memory = Bytes(8192)};
        ScriptedStream stream(resources, 30, [](CtaIndex cta, std::uint32_t warp) {
            const std::uint64_t tile = 0x10000 + cta.value() % 5 * 4096;
            Program program;
            for (std::uint64_t i = 0; i < 6; ++i) {
                program.push_back(copy_async(strided(16, 16, warp * 512), strided(16, 16, tile + i * 512)));
                program.push_back(commit_group());
                program.push_back(wait_group(0));
                program.push_back(barrier());
                program.push_back(load_matrix({0, 4}, warp * 512));
                program.push_back(load_shared({8, 4}, strided(16, 16)));
                for (std::uint8_t d = 0; d < 4; ++d) {
                    program.push_back(mma(mma_instruction_named("mma.sp.m16n8k32.f32.f16.f16.f32"),
                                          {static_cast<std::uint8_t>(32 + 4 * d), 4}, 0, 8, 17));
                }
            }
            program.push_back(store_global({32, 4}, strided(16, 16, 0x100000 + cta.value() * 4096 + warp * 512)));
            return program;
        });
        const GpuRunResult result = run_on_chip(stream, small_gpu(3), seed);
        std::vector<Cycle> values{result.cycles};
        values.insert(values.end(), result.account.cycles.begin(), result.account.cycles.end());
        return values;
    };
    const auto reference = result_with(0);
    for (const std::uint64_t seed : {1U, 2U, 3U}) EXPECT_EQ(result_with(seed), reference) << "seed " << seed;
}

TEST(Gpu, CallsProgressWithTheShareOfCtasDone) {
    ScriptedStream stream({}, 4, [](CtaIndex, std::uint32_t) { return Program(30000, arithmetic({})); });
    GpuRunOptions options;
    options.one_sm = true;
    options.ctas.count = 4;
    std::vector<double> shares;
    options.progress = [&](double share) { shares.push_back(share); };
    run_gpu(a100(), stream, options);
    ASSERT_FALSE(shares.empty());
    for (std::size_t i = 0; i < shares.size(); ++i) {
        EXPECT_GE(shares[i], i == 0 ? 0.0 : shares[i - 1]);
        EXPECT_LE(shares[i], 1.0);
    }
}

}  // namespace
}  // namespace stcsim::testing
