#include <algorithm>
#include <bit>
#include <numeric>

#include <gmock/gmock.h>

#include "base/error.h"
#include "executor/cta_execution.h"
#include "kernel_fixture.h"

namespace stcsim {
namespace {

using testing::HasSubstr;
using U32 = std::uint32_t;
using U64 = std::uint64_t;

std::vector<U32> squares(std::size_t count) {
    std::vector<U32> values(count);
    for (U32 i = 0; i < count; ++i) values[i] = i * i + 3;
    return values;
}

/// Each thread's word of the input is in %r10; the body leaves its result in %r20.
std::string per_thread(const std::string& body) {
    return "mov.u32 %r4, %ntid.x; mov.u32 %r5, %ctaid.x; mad.lo.s32 %r2, %r5, %r4, %r1; mad.wide.u32 %d3, %r2, 4, %d1; "
           "mad.wide.u32 %d4, %r2, 4, %d2; ld.global.u32 %r10, [%d3];\n" +
           body + "\nst.global.u32 [%d4], %r20;";
}

struct ShuffleCase {
    std::string text;
    U32 (*source)(U32 lane);
};

TEST(Shuffles, ReadFromTheLaneThatIsNamed) {
    for (const ShuffleCase& c :
         {ShuffleCase{"shfl.sync.bfly.b32 %r20, %r10, 5, 31, -1;", [](U32 l) { return l ^ 5U; }},
          {"shfl.sync.up.b32 %r20, %r10, 3, 0, -1;", [](U32 l) { return l < 3 ? l : l - 3; }},
          {"shfl.sync.down.b32 %r20, %r10, 3, 31, -1;", [](U32 l) { return l > 28 ? l : l + 3; }},
          {"shfl.sync.idx.b32 %r20, %r10, 7, 31, -1;", [](U32) { return 7U; }},
          {"shfl.sync.down.b32 %r20, %r10, 1, 0x181F, -1;", [](U32 l) { return l % 8 == 7 ? l : l + 1; }},
          {"shfl.sync.idx.b32 %r20, %r10, 2, 0x1C1F, -1;", [](U32 l) { return l / 4 * 4 + 2; }}}) {
        TestKernel kernel(per_thread(c.text));
        const std::vector<U32> in = squares(32);
        const std::vector<U32> out = kernel.run<U32>(in, 32);
        for (U32 lane = 0; lane < 32; ++lane) EXPECT_EQ(out[lane], in[c.source(lane)]) << c.text << lane;
    }
}

TEST(Shuffles, SayWhetherTheSourceWasInside) {
    TestKernel kernel(per_thread("shfl.sync.up.b32 %r11|%p1, %r10, 3, 0, -1; selp.b32 %r20, 1, 0, %p1;"));
    const std::vector<U32> out = kernel.run<U32>(squares(32), 32);
    for (U32 lane = 0; lane < 32; ++lane) EXPECT_EQ(out[lane], lane >= 3 ? 1U : 0U);
}

TEST(Shuffles, ReduceAWarp) {
    TestKernel kernel(
        per_thread("mov.u32 %r20, %r10; mov.u32 %r11, 16; LOOP: shfl.sync.bfly.b32 %r12, %r20, %r11, 31, -1; add.s32 "
                   "%r20, %r20, %r12;"
                   "shr.u32 %r11, %r11, 1; setp.ne.u32 %p1, %r11, 0; @%p1 bra LOOP;"));
    kernel.block = {96, 1, 1};
    const std::vector<U32> in = squares(96);
    const std::vector<U32> out = kernel.run<U32>(in, 96);
    for (U32 t = 0; t < 96; ++t) {
        EXPECT_EQ(out[t], std::accumulate(in.begin() + t / 32 * 32, in.begin() + t / 32 * 32 + 32, 0U));
    }
}

TEST(Votes, MatchAndReduceAcrossTheNamedLanes) {
    TestKernel kernel(per_thread(
        "and.b32 %r11, %r1, 3; setp.eq.u32 %p1, %r11, 1; vote.sync.ballot.b32 %r12, %p1, -1; vote.sync.any.pred %p2, "
        "%p1, -1;"
        "vote.sync.all.pred %p3, %p1, -1; vote.sync.uni.pred %p4, %p3, -1; match.any.sync.b32 %r13, %r11, -1;"
        "match.all.sync.b32 %r14|%p5, %r3, -1; redux.sync.add.s32 %r15, %r1, -1; redux.sync.max.u32 %r16, %r1, -1;"
        "activemask.b32 %r17; selp.b32 %r18, 1, 0, %p2; selp.b32 %r19, 2, 0, %p3; selp.b32 %r21, 4, 0, %p4; selp.b32 "
        "%r22, 8, "
        "0, %p5; add.s32 %r18, %r18, %r19; add.s32 %r18, %r18, %r21; add.s32 %r18, %r18, %r22; mad.wide.u32 %d5, %r1, "
        "32, %d2;"
        "st.global.v4.u32 [%d5], {%r12, %r13, %r14, %r15}; st.global.v4.u32 [%d5+16], {%r16, %r17, %r18, 0}; ret;"));
    const std::vector<U32> out = kernel.run<U32>(squares(32), 256);
    for (U32 t = 0; t < 32; ++t) {
        EXPECT_EQ(out[8 * t], 0x22222222U);
        EXPECT_EQ(out[8 * t + 1], 0x11111111U << t % 4);
        EXPECT_EQ(out[8 * t + 2], ~0U);
        EXPECT_EQ(out[8 * t + 3], 496U);
        EXPECT_EQ(out[8 * t + 4], 31U);
        EXPECT_EQ(out[8 * t + 5], ~0U);
        EXPECT_EQ(out[8 * t + 6], 1U + 4U + 8U);
    }
}

/// Collatz steps: every lane loops another number of times, with a branch inside.
TEST(Divergence, LanesRunTheirOwnPathsAndMeetAgain) {
    TestKernel kernel(per_thread(
        "mov.u32 %r20, 0; LOOP: setp.eq.u32 %p1, %r10, 1; @%p1 bra DONE; and.b32 %r11, %r10, 1; setp.eq.u32 %p2, %r11, "
        "0;"
        "@%p2 bra EVEN; mad.lo.s32 %r10, %r10, 3, 1; bra NEXT; EVEN: shr.u32 %r10, %r10, 1; NEXT: add.s32 %r20, %r20, "
        "1; bra "
        "LOOP; DONE: activemask.b32 %r12; popc.b32 %r12, %r12; shl.b32 %r12, %r12, 16; add.s32 %r20, %r20, %r12;"));
    const std::vector<U32> in = squares(32);
    const std::vector<U32> out = kernel.run<U32>(in, 32);
    for (U32 t = 0; t < 32; ++t) {
        U32 steps = 0;
        for (U64 x = in[t]; x != 1; x = x % 2 == 0 ? x / 2 : 3 * x + 1) ++steps;
        EXPECT_EQ(out[t] & 0xFFFFU, steps);
        EXPECT_EQ(out[t] >> 16U, 32U);  // all meet behind the loop
    }
}

/// The path taken by few lies behind the end: the others must not run past the place where both meet.
TEST(Divergence, MeetsAtThePostDominatorHoweverItIsLaidOut) {
    TestKernel kernel(
        per_thread("setp.lt.u32 %p1, %r1, 3; mov.u32 %r20, 1; @%p1 bra COLD; MEET: activemask.b32 %r12; popc.b32 %r12, "
                   "%r12; mad.lo.s32 "
                   "%r20, %r12, 100, %r20; st.global.u32 [%d4], %r20; ret; COLD: mov.u32 %r20, 2; bra MEET;"));
    const std::vector<U32> out = kernel.run<U32>(squares(32), 32);
    for (U32 t = 0; t < 32; ++t) EXPECT_EQ(out[t], t < 3 ? 3202U : 3201U);
    const DecodedKernel& decoded = kernel.decoded();
    for (std::size_t i = 0; i < decoded.instructions().size(); ++i) {
        const DecodedInstruction& one = decoded.instructions()[i];
        if (one.unit != ExecutionUnit::branch || one.guard.place == 0) continue;
        EXPECT_EQ(decoded.instructions()[decoded.reconvergence()[i]].ptx->opcode, "activemask");
    }
}

TEST(Divergence, WarpWideInstructionsWaitForTheLanesTheyName) {
    TestKernel kernel(
        per_thread("setp.lt.u32 %p1, %r1, 16; @%p1 bra LOW; mov.u32 %r11, 1; bra.uni MEET; LOW: mov.u32 %r11, 2; MEET: "
                   "@%p1 bra SKIP;"
                   "shfl.sync.bfly.b32 %r20, %r10, 1, 31, 0xFFFF0000; bra.uni END; SKIP: shfl.sync.bfly.b32 %r20, "
                   "%r10, 2, 31, 0xFFFF;"
                   "END: bar.warp.sync -1;"));
    const std::vector<U32> in = squares(32);
    const std::vector<U32> out = kernel.run<U32>(in, 32);
    for (U32 t = 0; t < 32; ++t) EXPECT_EQ(out[t], in[t < 16 ? t ^ 2U : t ^ 1U]);
}

/// A lock taken by one lane at a time within the critical section's loop: those that wait must not starve it.
TEST(Divergence, LanesThatSpinLetTheHolderOfTheLockRun) {
    TestKernel kernel(
        "SPIN: atom.global.cas.b32 %r10, [%d2], 0, 1; setp.ne.u32 %p1, %r10, 0; @%p1 bra SPIN; ld.volatile.global.u32 "
        "%r11, "
        "[%d2+4]; add.s32 %r11, %r11, 1; st.volatile.global.u32 [%d2+4], %r11; membar.gl; atom.global.exch.b32 %r12, "
        "[%d2], 0;");
    kernel.block = {64, 1, 1};
    kernel.grid = {2, 1, 1};
    kernel.options.max_warp_instructions = 10'000'000;
    EXPECT_EQ(kernel.run<U32>(squares(1), 2)[1], 128U);
}

TEST(Ctas, WaitForEarlierOnes) {
    TestKernel kernel(
        "mov.u32 %r10, %ctaid.x; setp.ne.u32 %p1, %r1, 0; @%p1 bra WAITED; SPIN: ld.global.acquire.gpu.b32 %r11, "
        "[%d2]; "
        "setp.ne.s32 %p2, %r11, %r10; @%p2 bra SPIN; WAITED: bar.sync 0; ld.global.u32 %r12, [%d2+4]; mad.lo.s32 %r12, "
        "%r12, "
        "3, %r10; bar.sync 0; @%p1 bra END; st.global.u32 [%d2+4], %r12; add.s32 %r13, %r10, 1; fence.acq_rel.gpu; "
        "st.global.release.gpu.b32 [%d2], %r13; END:");
    kernel.block = {64, 1, 1};
    kernel.grid = {9, 1, 1};
    U32 expected = 0;
    for (U32 i = 0; i < 9; ++i) expected = expected * 3 + i;
    EXPECT_EQ(kernel.run<U32>(squares(1), 2)[1], expected);
}

TEST(Barriers, OrderSharedMemoryBetweenWarps) {
    TestKernel kernel(per_thread(
        ".shared .align 4 .b8 tile[1024]; shl.b32 %r11, %r1, 2; mov.u32 %r12, tile; add.s32 %r13, %r12, %r11; "
        "st.shared.u32 "
        "[%r13], %r10; bar.sync 0; xor.b32 %r14, %r11, 1020; add.s32 %r14, %r14, %r12; ld.shared.u32 %r20, [%r14];"));
    kernel.block = {256, 1, 1};
    const std::vector<U32> in = squares(256);
    const std::vector<U32> out = kernel.run<U32>(in, 256);
    for (U32 t = 0; t < 256; ++t) EXPECT_EQ(out[t], in[t ^ 255U]);
}

TEST(Barriers, ReduceOverTheCta) {
    TestKernel kernel(
        per_thread("setp.lt.u32 %p1, %r1, 70; bar.red.and.pred %p2, 0, %p1; bar.red.or.pred %p3, 0, %p1; "
                   "bar.red.popc.u32 %r11, 0, %p1;"
                   "selp.b32 %r12, 1000, 0, %p2; selp.b32 %r13, 2000, 0, %p3; add.s32 %r20, %r11, %r12; add.s32 %r20, "
                   "%r20, %r13;"));
    kernel.block = {128, 1, 1};
    EXPECT_EQ(kernel.run<U32>(squares(128), 128), std::vector<U32>(128, 2070));
    kernel.block = {64, 1, 1};
    EXPECT_EQ(kernel.run<U32>(squares(64), 64), std::vector<U32>(64, 3064));
}

/// Warp 0 fills, warp 1 reads: a named barrier at which the producer does not wait.
TEST(Barriers, NamedOnesJoinProducersAndConsumers) {
    TestKernel kernel(
        ".shared .align 4 .b8 tile[128]; and.b32 %r10, %r1, 31; shl.b32 %r11, %r10, 2; mov.u32 %r12, tile; add.s32 "
        "%r12, %r12, "
        "%r11; setp.gt.u32 %p1, %r1, 31; @%p1 bra CONSUME; mul.lo.s32 %r13, %r10, 7; st.shared.u32 [%r12], %r13; "
        "bar.arrive 3, "
        "64; bra END; CONSUME: bar.sync 3, 64; ld.shared.u32 %r14, [%r12]; mad.wide.u32 %d3, %r10, 4, %d2; "
        "st.global.u32 [%d3], "
        "%r14; END:");
    kernel.block = {64, 1, 1};
    const std::vector<U32> out = kernel.run<U32>(squares(1), 32);
    for (U32 lane = 0; lane < 32; ++lane) EXPECT_EQ(out[lane], 7 * lane);
}

TEST(Barriers, DoNotWaitForWarpsThatEnded) {
    TestKernel kernel(
        "setp.gt.u32 %p1, %r1, 63; @%p1 exit; bar.sync 0; mad.wide.u32 %d3, %r1, 4, %d2; st.global.u32 [%d3], 1;");
    kernel.block = {128, 1, 1};
    EXPECT_EQ(kernel.run<U32>(squares(1), 64), std::vector<U32>(64, 1));
}

TEST(Deadlocks, SayWhereEachWarpStands) {
    TestKernel kernel("setp.gt.u32 %p1, %r1, 31;\n@%p1 bra OTHER;\nbar.sync 1, 64;\nOTHER: bar.sync 2, 64;\n");
    kernel.block = {64, 1, 1};
    const std::string message = message_of<KernelFault>([&] { kernel.run<U32>(squares(1), 1); });
    EXPECT_THAT(message, HasSubstr("deadlock in kernel test"));
    EXPECT_THAT(message, HasSubstr("CTA 0 warp 0: bar.sync at PTX line 11"));
    EXPECT_THAT(message, HasSubstr("CTA 0 warp 1: bar.sync at PTX line 12"));
}

TEST(Limits, EndAnEndlessLoop) {
    TestKernel kernel("LOOP: bra LOOP;");
    kernel.options.max_warp_instructions = 10'000;
    EXPECT_THAT(message_of<KernelFault>([&] { kernel.run<U32>(squares(1), 1); }), HasSubstr("10000 warp instructions"));
}

TEST(Traps, NameThemselves) {
    TestKernel kernel("setp.eq.u32 %p1, %r1, 9; @%p1 trap;");
    EXPECT_THAT(message_of<KernelFault>([&] { kernel.run<U32>(squares(1), 1); }), HasSubstr("trap at PTX line 9"));
}

TEST(Decoding, NamesEveryUnsupportedOpcodeWithItsFirstLine) {
    const auto decode = [] {
        TestKernel kernel(
            "tex.1d.v4.f32.f32 {%f1,%f2,%f3,%f4}, [%d1, {%f5}];\nadd.s32 %r5, %r5, 1;\n"
            "mma.sp.sync.aligned.m16n8k64.row.col.f32.e5m2.e5m2.f32 {%f1,%f2,%f3,%f4}, {%r5,%r6,%r7,%r8}, "
            "{%r5,%r6,%r7,%r8}, {%f1,%f2,%f3,%f4}, %r9, 0;\nmbarrier.init.shared.b64 [%d1], 1;\n");
    };
    const std::string message = message_of<InputError>(decode);
    EXPECT_THAT(message, HasSubstr("mbarrier.init.shared.b64 (line 12)"));
    EXPECT_THAT(message, HasSubstr("8-bit floats need sm_89"));
    EXPECT_THAT(message, HasSubstr("test.ptx:"));
}

TEST(Decoding, RefusesOperandsThatDoNotFit) {
    EXPECT_THAT(message_of<InputError>([] { TestKernel kernel("add.s64 %d10, %d11, %r1;"); }),
                HasSubstr("register %r1 of another size in add.s64"));
    EXPECT_THAT(message_of<InputError>([] { TestKernel kernel("add.s32 %r10, %r11;"); }), HasSubstr("2 operands"));
}

/// What a model of time sees: the next step is known before it happens, and the clock is its own.
TEST(Stepping, TellsWhatComesNextAndReadsTheClock) {
    TestKernel kernel(per_thread("mov.u64 %d10, %clock64; cvt.u32.u64 %r20, %d10;"));
    const std::uint64_t in = kernel.upload(squares(32), "in");
    const std::uint64_t out = kernel.upload(squares(32), "out");
    FindingSink sink(FindingMode::strict);
    const KernelLaunch launch = kernel.launch(in, out, 0);
    CtaExecution cta(launch, CtaIndex(0), sink);
    WarpExecution& warp = cta.warp(0);
    U64 now = 1000;
    U64 clock = 0;
    for (; !warp.ended(); now += 10) {
        const WarpStep& step = warp.next();
        EXPECT_EQ(&warp.next(), &step);
        if (step.instruction->reads_clock) clock = now;
        if (step.instruction->unit == ExecutionUnit::store) {
            EXPECT_EQ(step.access.global_lanes, ~0U);
            EXPECT_EQ(step.access.addresses[5], out + 20);
            EXPECT_EQ(step.instruction->reads.size(), 2U);
        }
        warp.execute(Cycle(now));
    }
    EXPECT_TRUE(cta.ended());
    EXPECT_EQ(kernel.download<U32>(out, 32), std::vector<U32>(32, static_cast<U32>(clock)));
}

TEST(Printing, FormatsWhatTheThreadPasses) {
    TestKernel kernel(
        ".local .align 8 .b8 stack[24]; setp.ne.u32 %p1, %r1, 3; @%p1 bra END; mov.u64 %d10, stack; cvta.local.u64 "
        "%d11, %d10;"
        "st.local.u32 [%d10], %r1; mov.f64 %e1, 0d3FF8000000000000; st.local.f64 [%d10+8], %e1; mov.u64 %d12, text; "
        "cvta.global.u64 %d13, %d12; { .param .b64 param0; st.param.b64 [param0+0], %d13; .param .b64 param1; "
        "st.param.b64 "
        "[param1+0], %d11; .param .b32 retval0; call.uni (retval0), vprintf, (param0, param1); ld.param.b32 %r20, "
        "[retval0+0]; } "
        "st.global.u32 [%d2], %r20; END:",
        ".extern .func (.param .b32 r) vprintf (.param .b64 a, .param .b64 b);\n"
        ".global .align 1 .b8 text[14] = {116, 37, 48, 51, 100, 32, 37, 46, 50, 102, 37, 37, 10, 0};");
    testing::internal::CaptureStdout();
    const std::vector<U32> out = kernel.run<U32>(squares(1), 1);
    std::fflush(stdout);
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "t003 1.50%\n");
    EXPECT_EQ(out[0], 11U);
}

}  // namespace
}  // namespace stcsim
