/// One SM that stands for all: it alone is timed, every CTA computes.
#include <algorithm>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "a100.h"
#include "kernel_fixture.h"
#include "ptx_timing/timed_launch.h"

namespace stcsim {
namespace {

constexpr std::uint32_t sms = 4;

/// Each CTA's thread 0 writes 3 ctaid + 7, after a while.
constexpr const char* work = R"(
mov.u32 %r10, 0; mov.u32 %r11, %ctaid.x;
again:
mad.lo.u32 %r12, %r12, 3, 1; mad.lo.u32 %r13, %r12, 5, %r13;
add.u32 %r10, %r10, 1; setp.lt.u32 %p1, %r10, 400; @%p1 bra again;
mad.lo.u32 %r14, %r11, 3, 7; mul.wide.u32 %d3, %r11, 4; add.s64 %d4, %d2, %d3;
st.global.u32 [%d4], %r14;
)";

/// CTA i waits until the flag of the CTA that `other` computes into %r12 is up, then adds 1 to its value; raises its
/// own. Where %p1 holds it does not wait.
std::string chain(const std::string& other) {
    return "mov.u32 %r11, %ctaid.x; mov.u32 %r10, %nctaid.x; mov.u32 %r15, 0;\n" + other +
           "@%p1 bra first; mul.wide.u32 %d3, %r12, 4; add.s64 %d4, %d2, %d3;\n"
           "again: ld.acquire.gpu.global.u32 %r15, [%d4]; setp.eq.u32 %p2, %r15, 0; @%p2 bra again;\n"
           "first: add.u32 %r15, %r15, 1; mul.wide.u32 %d3, %r11, 4; add.s64 %d4, %d2, %d3;\n"
           "st.release.gpu.global.u32 [%d4], %r15;\n";
}
const std::string earlier = "setp.eq.u32 %p1, %r11, 0; sub.u32 %r12, %r11, 1;\n";
const std::string later = "add.u32 %r12, %r11, 1; setp.eq.u32 %p1, %r12, %r10;\n";

struct ScopeRun {
    TimedResult result;
    std::vector<std::uint32_t> out;
};

ScopeRun run_timed_on(TestKernel& kernel, std::uint32_t ctas, bool one_sm, Cycle most_cycles = Cycle(10'000'000)) {
    GpuParameters gpu = testing::a100();
    gpu.sm_count = sms;
    kernel.grid = {ctas, 1, 1};
    const std::uint64_t out = kernel.memory.allocate(std::size_t{ctas} * 4, "out");
    const MachineProgram program(kernel.decoded());
    FindingSink findings(FindingMode::strict);
    TimedOptions options;
    options.one_sm = one_sm;
    options.most_cycles = most_cycles;
    ScopeRun run{run_timed(gpu, program, kernel.launch(out, out, 0), findings, options), {}};
    run.out = kernel.download<std::uint32_t>(out, ctas);
    return run;
}

TEST(OneSm, TimesItsShareOfTheCtasWhileAllCompute) {
    TestKernel kernel(work);
    const ScopeRun one = run_timed_on(kernel, 42, true);
    const ScopeRun all = run_timed_on(kernel, 42, false);
    EXPECT_EQ(one.out, all.out);
    EXPECT_EQ(one.result.timed_ctas, 11U);
    EXPECT_EQ(all.result.timed_ctas, 42U);
    EXPECT_EQ(one.result.tensor_cores * sms, all.result.tensor_cores);
    EXPECT_EQ(one.result.executed, all.result.executed);
    EXPECT_EQ(one.result.warp_instructions, all.result.warp_instructions);
    std::uint64_t timed = 0;
    for (const InstructionTally& tally : one.result.tallies) timed += tally.executed;
    EXPECT_EQ(timed * 42, one.result.warp_instructions * 11);
}

TEST(OneSm, TakesTheTimeOfTheChipWhereTheSmsDoTheSame) {
    TestKernel kernel(work);
    const auto one = static_cast<double>(run_timed_on(kernel, 64, true).result.cycles.value());
    const auto all = static_cast<double>(run_timed_on(kernel, 64, false).result.cycles.value());
    EXPECT_NEAR(one, all, 0.05 * all);
}

TEST(OneSm, MayHoldCtasThatWaitForThoseOfOthersAndTheOtherWayRound) {
    TestKernel kernel(chain(earlier));
    std::vector<std::uint32_t> expected(300);
    std::iota(expected.begin(), expected.end(), 1U);
    EXPECT_EQ(run_timed_on(kernel, 300, true).out, expected);
}

TEST(OneSm, MayHoldCtasThatWaitForLaterOnesIfAllFit) {
    TestKernel kernel(chain(later));
    std::vector<std::uint32_t> expected(60);
    std::iota(expected.rbegin(), expected.rend(), 1U);
    EXPECT_EQ(run_timed_on(kernel, 60, true).out, expected);
}

TEST(OneSm, RunsAGridSmallerThanTheChip) {
    TestKernel kernel(chain(earlier));
    EXPECT_EQ(run_timed_on(kernel, 1, true).out, std::vector<std::uint32_t>{1});
    EXPECT_EQ(run_timed_on(kernel, 3, true).out, (std::vector<std::uint32_t>{1, 2, 3}));
}

TEST(OneSm, EndsALaunchWhoseOtherCtasDoNot) {
    TestKernel kernel("mov.u32 %r11, %ctaid.x; setp.eq.u32 %p1, %r11, 0; @%p1 bra out;\nagain: bra again;\nout:\n");
    EXPECT_THAT(message_of<KernelFault>([&] { run_timed_on(kernel, 2, true, Cycle(50'000)); }),
                ::testing::HasSubstr("the limit"));
}

TEST(OneSm, NamesADeadlockOfTheOtherCtas) {
    TestKernel kernel("mov.u32 %r11, %ctaid.x; setp.ne.u32 %p1, %r11, 1; @%p1 bra out;\nbar.sync 1, 64;\nout:\n");
    EXPECT_THAT(message_of<KernelFault>([&] { run_timed_on(kernel, 2, true); }),
                ::testing::HasSubstr("CTA 1 warp 0: bar.sync"));
}

}  // namespace
}  // namespace stcsim
