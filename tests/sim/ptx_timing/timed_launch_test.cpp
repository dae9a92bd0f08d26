/// Timed launches compute what functional ones do, in the machine's time.

#include "ptx_timing/timed_launch.h"

#include <numeric>
#include <string>

#include <gtest/gtest.h>

#include "a100.h"
#include "kernel_fixture.h"
#include "microbench/microbench.h"

namespace stcsim {
namespace {

constexpr const char* vector_scale = R"(
mov.u32 %r4, %ctaid.x; mov.u32 %r5, %ntid.x;
mad.lo.s32 %r6, %r4, %r5, %r1;
setp.ge.u32 %p1, %r6, %r3;
@%p1 bra done;
mul.wide.u32 %d3, %r6, 4;
add.s64 %d4, %d1, %d3; add.s64 %d5, %d2, %d3;
ld.global.f32 %f1, [%d4];
add.f32 %f2, %f1, %f1;
st.global.f32 [%d5], %f2;
done:
)";

/// Warps reverse the order of what their CTA loaded: through shared memory and a barrier.
constexpr const char* reversal = R"(
mov.u32 %r20, buffer;
mul.wide.u32 %d3, %r1, 4; add.s64 %d4, %d1, %d3;
ld.global.u32 %r4, [%d4];
shl.b32 %r5, %r1, 2; add.s32 %r6, %r20, %r5;
st.shared.u32 [%r6], %r4;
bar.sync 0;
mov.u32 %r7, %ntid.x; sub.s32 %r8, %r7, %r1; sub.s32 %r8, %r8, 1;
shl.b32 %r9, %r8, 2; add.s32 %r10, %r20, %r9;
ld.shared.u32 %r11, [%r10];
add.s64 %d5, %d2, %d3;
st.global.u32 [%d5], %r11;
)";

TimedResult run_on_a100(TestKernel& kernel, std::uint64_t in, std::uint64_t out, std::uint32_t n,
                        const TimedOptions& options = {}) {
    const MachineProgram program(kernel.decoded());
    FindingSink findings(FindingMode::strict);
    GpuParameters gpu = testing::a100();
    gpu.sm_count = 4;  // as good for these, and faster
    return run_timed(gpu, program, kernel.launch(in, out, n), findings, options);
}

TEST(TimedLaunch, ComputesWhatTheFunctionalRunDoesAndExecutesTheSameInstructions) {
    TestKernel kernel(vector_scale);
    kernel.grid = {5, 1, 1};
    kernel.block = {96, 1, 1};
    std::vector<float> in(480);
    std::iota(in.begin(), in.end(), 1.0F);
    const std::vector<float> expected = kernel.run<float>(in, in.size(), 450);
    const std::vector<std::uint64_t> executed = kernel.result.executed;

    const std::uint64_t from = kernel.upload(in, "in");
    const std::uint64_t to = kernel.memory.allocate(in.size() * 4, "out");
    const TimedResult result = run_on_a100(kernel, from, to, 450);
    EXPECT_EQ(kernel.download<float>(to, in.size()), expected);
    EXPECT_EQ(result.warp_instructions, kernel.result.warp_instructions);
    for (std::size_t i = 0; i < executed.size(); ++i) EXPECT_EQ(result.tallies[i].executed, executed[i]) << i;
    // A load from device memory and back is in it.
    EXPECT_GT(result.cycles, Cycle(500));
    EXPECT_LT(result.cycles, Cycle(20'000));
    EXPECT_GT(result.achieved_occupancy, 0);
    EXPECT_LT(result.achieved_occupancy, result.occupancy);
}

TEST(TimedLaunch, WaitsAtBarriersForWhatOtherWarpsWrite) {
    TestKernel kernel(reversal, ".shared .align 4 .b8 buffer[1024];");
    kernel.block = {256, 1, 1};
    std::vector<std::uint32_t> in(256);
    std::iota(in.begin(), in.end(), 0U);
    const std::uint64_t from = kernel.upload(in, "in");
    const std::uint64_t to = kernel.memory.allocate(in.size() * 4, "out");
    const TimedResult result = run_on_a100(kernel, from, to, 0);
    const std::vector<std::uint32_t> out = kernel.download<std::uint32_t>(to, in.size());
    for (std::uint32_t i = 0; i < 256; ++i) EXPECT_EQ(out[i], 255 - i);
    EXPECT_EQ(result.counters.at("sm.barrier_unit.barriers"), 1U);
}

TimedOptions in_order(std::uint64_t shuffle_seed) {
    TimedOptions options;
    options.shuffle_seed = shuffle_seed;
    return options;
}

TEST(TimedLaunch, TakesTheSameTimeTwiceAndInAnyOrderOfConstruction) {
    const auto cycles = [](std::uint64_t seed) {
        TestKernel kernel(vector_scale);
        kernel.grid = {40, 1, 1};
        kernel.block = {128, 1, 1};
        const std::uint64_t padding = kernel.memory.allocate(1 + seed * 1000, "padding");
        const std::uint64_t from = kernel.memory.allocate(40 * 128 * 4, "in");
        const std::uint64_t to = kernel.memory.allocate(40 * 128 * 4, "out");
        const TimedResult result = run_on_a100(kernel, from, to, 40 * 128, in_order(seed));
        kernel.memory.release(padding);
        return result.cycles;
    };
    const Cycle once = cycles(0);
    EXPECT_EQ(cycles(0), once);
    EXPECT_EQ(cycles(7), once);
    EXPECT_EQ(cycles(8), once);
}

TEST(TimedLaunch, TellsWhatInstructionsWaitFor) {
    TestKernel kernel(vector_scale);
    const std::uint64_t memory = kernel.memory.allocate(4096, "both");
    const TimedResult result = run_on_a100(kernel, memory, memory + 2048, 32);
    const DecodedKernel& decoded = kernel.decoded();
    for (std::size_t i = 0; i < result.tallies.size(); ++i) {
        const bool is_sum = decoded.instructions()[i].ptx->name() == "add.f32";
        const Cycle waited = result.tallies[i].waited[static_cast<std::size_t>(Obstacle::global_result)];
        if (is_sum) {
            EXPECT_GT(waited, Cycle(300));
        } else {
            EXPECT_EQ(waited, Cycle(0)) << decoded.instructions()[i].ptx->name();
        }
    }
}

TEST(TimedLaunch, UsesLocalMemory) {
    TestKernel kernel(R"(
.local .align 4 .b8 space[64];
mov.u64 %d10, space;
st.local.u32 [%d10+8], %r1;
ld.local.u32 %r10, [%d10+8];
mul.wide.u32 %d3, %r1, 4; add.s64 %d5, %d2, %d3;
st.global.u32 [%d5], %r10;
)");
    const std::uint64_t out = kernel.memory.allocate(128, "out");
    const TimedResult result = run_on_a100(kernel, out, out, 0);
    for (std::uint32_t i = 0; i < 32; ++i) EXPECT_EQ(kernel.download<std::uint32_t>(out, 32)[i], i);
    EXPECT_EQ(result.counters.at("sm.load_store_unit.transactions"), 3U);
}

TEST(TimedLaunch, GoesOnBehindReadsOutOfBoundsThatAreTakenLeniently) {
    TestKernel kernel("ld.global.u32 %r10, [%d1+4096];\nst.global.u32 [%d2], %r10;\n");
    const std::uint64_t out = kernel.memory.allocate(128, "out");
    const MachineProgram program(kernel.decoded());
    FindingSink findings(FindingMode::lenient);
    EXPECT_NO_THROW(run_timed(testing::a100(), program, kernel.launch(out, out, 0), findings));
    EXPECT_EQ(findings.total(FindingKind::out_of_bounds), 32U);  // lanes
}

TEST(TimedLaunch, ReadsTheMachinesClock) {
    TestKernel kernel(R"(
mov.u32 %r10, %clock;
div.s32 %r11, %r3, %r1;
add.s32 %r11, %r11, 1;
mov.u32 %r12, %clock;
sub.s32 %r13, %r12, %r10;
st.global.u32 [%d2], %r13;
)");
    const std::uint64_t out = kernel.memory.allocate(128, "out");
    run_on_a100(kernel, out, out, 100);
    const std::uint32_t measured = kernel.download<std::uint32_t>(out, 1)[0];
    EXPECT_GE(measured, 21U);
    EXPECT_LE(measured, 60U);
}

/// The loop of arXiv 2206.02874: `ilp` mma, then bar.warp.sync; timed by every warp.
std::string timed_loop_of_mma(std::uint32_t ilp, std::uint32_t iterations) {
    std::string body;
    for (std::uint32_t i = 0; i < 8 * ilp; ++i) body += "ld.global.u32 %r" + std::to_string(20 + i) + ", [%d1];\n";
    body += "mov.u32 %r10, 0;\nbar.sync 0;\nmov.u64 %d10, %clock64;\nagain:\n";
    for (std::uint32_t unrolled = 0; unrolled < 4; ++unrolled) {
        for (std::uint32_t i = 0; i < ilp; ++i) {
            const auto reg = [&](std::uint32_t n) { return "%r" + std::to_string(20 + 8 * i + n); };
            const std::string sums = "{" + reg(0) + "," + reg(1) + "}";
            body += "mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 " + sums + ", {" + reg(2) + "," + reg(3) + "," +
                    reg(4) + "," + reg(5) + "}, {" + reg(6) + "," + reg(7) + "}, " + sums + ";\n";
        }
        // The loop's own arithmetic lies between other instructions, as ptxas puts it.
        if (unrolled == 0) body += "add.s32 %r10, %r10, 4;\n";
        if (unrolled == 1) body += "setp.lt.u32 %p1, %r10, " + std::to_string(iterations) + ";\n";
        body += "bar.warp.sync -1;\n";
    }
    body += "@%p1 bra again;\nmov.u64 %d11, %clock64;\nsub.s64 %d12, %d11, %d10;\nst.global.u64 [%d2], %d12;\n";
    return body;
}

TEST(TimedLaunch, OfAMicrobenchmarkMeasuresWhatTheMicrobenchCommandDoes) {
    constexpr std::uint32_t iterations = 512;
    for (const std::uint32_t warps : {1U, 4U, 8U}) {
        for (const std::uint32_t ilp : {1U, 2U, 3U}) {
            TestKernel kernel(timed_loop_of_mma(ilp, iterations));
            kernel.block = {warps * 32, 1, 1};
            const std::uint64_t memory = kernel.memory.allocate(128, "both");
            run_on_a100(kernel, memory, memory + 64, 0);
            const auto clocks = kernel.download<std::uint64_t>(memory + 64, 1)[0];
            const MicrobenchResult expected = measure(microbench_subject_named("mma.m16n8k16.f16.f16.f16.f16"),
                                                      {.warps = warps, .ilp = ilp}, testing::a100(), iterations);
            const double latency = static_cast<double>(clocks) / iterations;
            EXPECT_NEAR(latency, expected.latency, 0.03 * expected.latency) << warps << " warps, ILP " << ilp;
        }
    }
}

/// Loads a tile of A and one of B from shared memory, with rows of 24 elements, and C from global memory; multiplies;
/// stores D.
constexpr const char* wmma_tile = R"(
mov.u32 %r100, buffer;
wmma.load.a.sync.aligned.row.m16n16k16.shared.f16 {%r10,%r11,%r12,%r13,%r14,%r15,%r16,%r17}, [%r100], 24;
wmma.load.b.sync.aligned.row.m16n16k16.shared.f16 {%r20,%r21,%r22,%r23,%r24,%r25,%r26,%r27}, [%r100+1024], 24;
wmma.load.c.sync.aligned.row.m16n16k16.global.f32 {%f10,%f11,%f12,%f13,%f14,%f15,%f16,%f17}, [%d1], 16;
wmma.mma.sync.aligned.row.row.m16n16k16.f32.f32 {%f10,%f11,%f12,%f13,%f14,%f15,%f16,%f17},
    {%r10,%r11,%r12,%r13,%r14,%r15,%r16,%r17}, {%r20,%r21,%r22,%r23,%r24,%r25,%r26,%r27},
    {%f10,%f11,%f12,%f13,%f14,%f15,%f16,%f17};
wmma.store.d.sync.aligned.row.m16n16k16.global.f32 [%d2], {%f10,%f11,%f12,%f13,%f14,%f15,%f16,%f17}, 16;
)";

TEST(TimedLaunch, OfWmmaIssuesTheMachinesInstructions) {
    TestKernel kernel(wmma_tile, ".shared .align 128 .b8 buffer[2048];");
    std::vector<float> in(256);
    std::iota(in.begin(), in.end(), 0.0F);
    const std::uint64_t from = kernel.upload(in, "in");
    const std::uint64_t to = kernel.memory.allocate(1024, "out");
    const MachineProgram program(kernel.decoded());
    FindingSink findings(FindingMode::lenient);  // shared memory is undefined
    const TimedResult result = run_timed(testing::a100(), program, kernel.launch(from, to, 0), findings);
    EXPECT_EQ(kernel.download<float>(to, 256), in);
    const auto issued = [&](const std::string& what) { return result.counters.at("sm.warp_scheduler.issued." + what); };
    EXPECT_EQ(issued("ldmatrix"), 2U);
    EXPECT_EQ(issued("ld_shared"), 0U);
    EXPECT_EQ(issued("mma"), 2U);
    EXPECT_EQ(issued("ld_global"), 4U);  // two registers each, 64 bits per lane
    EXPECT_EQ(issued("st_global"), 4U);
    // Rows of 48 bytes: none of the 2 x 4 matrices has a bank conflict. C and D are read and written once.
    EXPECT_EQ(result.counters.at("sm.shared_memory.conflict_wavefronts"), 0U);
    EXPECT_EQ(result.counters.at("sm.load_store_unit.read_bytes"), 1024U);
    EXPECT_EQ(result.counters.at("sm.load_store_unit.written_bytes"), 1024U);
}

TEST(TimedLaunch, EndsWithTheWarpsPositionsWhenTooManyCyclesPass) {
    TestKernel kernel("again:\nadd.s32 %r10, %r10, 1;\nbra again;\n");
    TimedOptions options;
    options.most_cycles = Cycle(50'000);
    const std::string message = message_of<KernelFault>([&] { run_on_a100(kernel, 0, 0, 0, options); });
    EXPECT_NE(message.find("CTA 0, warp 0: line"), std::string::npos) << message;
}

TEST(TimedLaunch, ThatDeadlocksSaysWhereItsWarpsStand) {
    TestKernel kernel("setp.lt.u32 %p1, %r1, 32;\n@%p1 bar.sync 1, 64;\n");
    kernel.block = {64, 1, 1};
    const std::string message = message_of<KernelFault>([&] { run_on_a100(kernel, 0, 0, 0); });
    EXPECT_NE(message.find("deadlock"), std::string::npos) << message;
    EXPECT_NE(message.find("CTA 0, warp 0: line 10 (bar.sync)"), std::string::npos) << message;
}

TEST(TimedLaunch, OfACtaThatFitsOnNoSmIsAnInputError) {
    TestKernel kernel("");
    kernel.dynamic_shared = Bytes(200'000);
    EXPECT_NE(message_of<InputError>([&] { run_on_a100(kernel, 0, 0, 0); }), "nothing");
}

}  // namespace
}  // namespace stcsim
