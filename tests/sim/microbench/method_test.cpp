/// The measuring itself: what a result means, which loads are possible.

#include <gtest/gtest.h>

#include "base/error.h"
#include "descriptions.h"
#include "microbench/timed_loop.h"

namespace stcsim::testing {
namespace {

const char* const dense = "mma.m16n8k16.f32.f16.f16.f32";

TEST(Microbench, ThroughputIsTheWorkOfAnIterationOverItsLatency) {
    for (const char* name : {dense, "mma.sp.m16n8k64.s32.s8.s8.s32", "mma.m8n8k4.f64.f64.f64.f64", "ldmatrix.x4"}) {
        const MicrobenchResult result = measured(name, 4, 2);
        EXPECT_NEAR(result.throughput, 4 * 2 * result.subject.work() / result.latency, 1e-6 * result.throughput)
            << name;
    }
}

TEST(Microbench, NoInstructionExceedsItsPeak) {
    for (const MicrobenchSubject& subject : microbench_subjects(true)) {
        const MicrobenchResult result = measure(subject, {8, 2}, a100(), 300);
        // As on hardware, the second clock is read when the last instructions have issued, not when they have ended.
        EXPECT_LE(result.throughput, 1.01 * result.peak) << subject.name;
        EXPECT_GT(result.throughput, 0) << subject.name;
    }
}

TEST(Microbench, MoreWarpsOrInstructionsNeverDoLess) {
    for (const char* name : {dense, "mma.sp.m16n8k16.f32.f16.f16.f32", "ldmatrix.x2"}) {
        double least = 0;
        for (const std::uint32_t warps : {1U, 4U, 8U, 16U}) {
            const double now = measured(name, warps, 2).throughput;
            EXPECT_GE(now, 0.98 * least) << name << ", warps " << warps;
            least = now;
        }
        EXPECT_GT(measured(name, 4, 3).throughput, measured(name, 4, 1).throughput) << name;
    }
}

TEST(Microbench, LongerLoopsOnlyDiluteTheStart) {
    const MicrobenchSubject subject = microbench_subject_named(dense);
    const double at_999 = measure(subject, {1, 1}, a100(), 999).latency;
    const double at_9990 = measure(subject, {1, 1}, a100(), 9990).latency;
    EXPECT_GT(at_999, at_9990);
    EXPECT_NEAR(at_999, at_9990, 0.7);
    EXPECT_NEAR(at_9990, 24, 0.1);
}

TEST(Microbench, FragmentsOfSmallElementsCanBePackedBeforeTheClock) {
    const auto latency = [](const char* name, FragmentWait fragments) {
        return measure(microbench_subject_named(name), {.warps = 1, .ilp = 1, .fragments = fragments}, a100()).latency;
    };
    for (const char* const name : {dense, "mma.m16n8k32.s32.s8.s8.s32", "mma.m16n8k64.s32.s4.s4.s32"}) {
        EXPECT_NEAR(latency(name, FragmentWait::packed), 24, 0.1) << name;
        EXPECT_GT(latency(name, FragmentWait::in_loop), 24.4) << name;
    }
    // An element that fills its register is loaded into it.
    const char* const whole = "mma.m16n8k8.f32.tf32.tf32.f32";
    EXPECT_EQ(latency(whole, FragmentWait::packed), latency(whole, FragmentWait::in_loop));
}

TEST(Microbench, GivesTheSameFiguresTwice) {
    EXPECT_EQ(measured(dense, 8, 3).latency, measured(dense, 8, 3).latency);
}

TEST(Microbench, ModifiersThatOnlyChangeValuesChangeNoTiming) {
    const auto latency = [](const char* name) { return measured(name, 8, 2).latency; };
    EXPECT_EQ(latency("mma.m16n8k32.satfinite.s32.s8.s8.s32"), latency("mma.m16n8k32.s32.s8.s8.s32"));
    EXPECT_EQ(latency("mma.sp::ordered_metadata.m16n8k32.f32.f16.f16.f32"), latency("mma.sp.m16n8k32.f32.f16.f16.f32"));
}

TEST(Microbench, RefusesABlockWhoseRegistersDoNotFit) {
    const MicrobenchSubject subject = microbench_subject_named("mma.sp.m16n8k32.f32.f16.f16.f32");
    EXPECT_FALSE(fits(subject, {32, 8}, a100()));
    EXPECT_TRUE(fits(subject, {32, 2}, a100()));
    EXPECT_THROW(measure(subject, {32, 8}, a100()), InputError);
}

TEST(Microbench, RefusesSparseInstructionsOnACoreWithoutSparsePath) {
    EXPECT_THROW(measured("mma.sp.m16n8k32.f32.f16.f16.f32", 1, 1, gpu_named("a100-dense-only")), InputError);
    for (const MicrobenchSubject& subject : microbench_subjects(false)) {
        EXPECT_TRUE(subject.mma == nullptr || !subject.mma->sparse) << subject.name;
    }
}

TEST(MicrobenchSubject, UnknownNamesAreRefusedWithTheNearest) {
    try {
        microbench_subject_named("ldmatrix.x3");
        FAIL();
    } catch (const InputError& error) {
        EXPECT_NE(error.expected().find("ldmatrix.x"), std::string::npos) << error.what();
    }
}

TEST(TimedLoop, IsInPlaceAndIndependentWithinAnIteration) {
    const TimedLoop loop = timed_loop(microbench_subject_named(dense), 0, 1, 4);
    std::vector<bool> written(256);
    std::size_t multiplications = 0;
    for (const WarpInstruction& instruction : loop.iteration) {
        if (instruction.operation != OperationClass::mma) continue;
        ++multiplications;
        EXPECT_EQ(instruction.destination.first, instruction.c.first);
        for (std::uint32_t i = 0; i < instruction.destination.count; ++i) {
            EXPECT_FALSE(written[instruction.destination.first + i]);
            written[instruction.destination.first + i] = true;
        }
    }
    EXPECT_EQ(multiplications, 4U);
    EXPECT_EQ(loop.iteration.back().operation, OperationClass::warp_sync);
}

}  // namespace
}  // namespace stcsim::testing
