/// Calls on the machine: what they compute, and what they cost.
#include <gtest/gtest.h>

#include "a100.h"
#include "kernel_fixture.h"
#include "ptx_timing/timed_launch.h"

namespace stcsim {
namespace {

constexpr std::uint32_t rounds = 100;

const std::string functions =
    ".func (.reg .u32 r) step(.reg .u32 x)\n{\nmad.lo.u32 r, x, 3, 1; ret;\n}\n"
    ".func (.reg .u32 r) fib(.reg .u32 n)\n{\n.reg .pred p; .reg .b32 %r<5>;\nmov.u32 r, n; setp.lt.u32 p, n, 2;"
    "@p ret; sub.u32 %r1, n, 1; sub.u32 %r2, n, 2; call (%r3), fib, (%r1); call (%r4), fib, (%r2);"
    "add.u32 r, %r3, %r4; ret;\n}\n";

const std::string store = "mad.wide.u32 %d4, %r1, 4, %d2; st.global.u32 [%d4], %r20;\n";

std::string loop_of(const std::string& body) {
    return "mov.u32 %r10, 0; mov.u32 %r20, %r1;\nAGAIN: " + body + " add.u32 %r10, %r10, 1; setp.lt.u32 %p1, %r10, " +
           std::to_string(rounds) + "; @%p1 bra AGAIN;\n" + store;
}

struct TimedCalls {
    TimedResult result;
    std::vector<std::uint32_t> out;
};

TimedCalls timed(TestKernel& kernel) {
    GpuParameters gpu = testing::a100();
    gpu.sm_count = 1;
    const std::uint64_t out = kernel.memory.allocate(128, "out");
    const MachineProgram program(kernel.decoded());
    FindingSink findings(FindingMode::strict);
    TimedCalls calls{run_timed(gpu, program, kernel.launch(out, out, 0), findings), {}};
    calls.out = kernel.download<std::uint32_t>(out, 32);
    return calls;
}

TEST(TimedCalls, CostTheirIssueSlotsAndMovesBeyondWhatTheFunctionDoes) {
    TestKernel calling(loop_of("call (%r20), step, (%r20);"), functions);
    TestKernel inlined(loop_of("mad.lo.u32 %r20, %r20, 3, 1;"));
    const TimedCalls with_calls = timed(calling);
    const TimedCalls without = timed(inlined);
    EXPECT_EQ(with_calls.out, without.out);
    // The call and the return; parameter and result are a move each at most.
    EXPECT_EQ(with_calls.result.warp_instructions, without.result.warp_instructions + 2 * rounds);
    const Cycle more = with_calls.result.cycles - without.result.cycles;
    EXPECT_GE(more, Cycle(2) * rounds);
    EXPECT_LE(more, Cycle(30) * rounds);
}

TEST(TimedCalls, ExecuteWhatTheFunctionalRunDoesWithLanesAtDifferentDepths) {
    TestKernel kernel("and.b32 %r10, %r1, 7; call (%r20), fib, (%r10);" + store, functions);
    const std::vector<std::uint32_t> expected = kernel.run<std::uint32_t>(std::vector<std::uint32_t>{0}, 32);
    const std::vector<std::uint64_t> executed = kernel.result.executed;
    const TimedCalls calls = timed(kernel);
    EXPECT_EQ(calls.out, expected);
    EXPECT_EQ(calls.out[7], 13U);
    EXPECT_EQ(calls.result.executed, executed);
}

TEST(TimedCalls, FromDifferentPlacesIssueOnceWhereTheyMeet) {
    TestKernel kernel(
        "setp.lt.u32 %p1, %r1, 16; @%p1 bra LOW; call (%r20), total, (%r1); bra MEET;\n"
        "LOW: call (%r20), total, (%r1);\nMEET:\n" +
            store,
        ".func (.reg .u32 r) total(.reg .u32 x)\n{\nredux.sync.add.u32 r, x, -1; ret;\n}\n");
    const TimedCalls calls = timed(kernel);
    EXPECT_EQ(calls.out, std::vector<std::uint32_t>(32, 496));
    std::uint64_t additions = 0;
    for (std::size_t i = 0; i < calls.result.executed.size(); ++i) {
        const PtxInstruction* const ptx = kernel.decoded().instructions()[i].ptx;
        if (ptx != nullptr && ptx->opcode == "redux") additions += calls.result.executed[i];
    }
    EXPECT_EQ(additions, 1U);
}

}  // namespace
}  // namespace stcsim
