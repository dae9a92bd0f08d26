/// What PTX's memory instructions are to the machine, and what that costs.

#include "ptx_timing/memory_operation.h"

#include <algorithm>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "a100.h"
#include "kernel_fixture.h"
#include "ptx_timing/timed_launch.h"

namespace stcsim {
namespace {

/// The operation that the last instruction of a body becomes.
MemoryOperation operation_of(const std::string& instruction) {
    const TestKernel kernel(".shared .align 8 .b8 buffer[64];\nmov.u32 %r20, buffer;\n" + instruction);
    const auto instructions = kernel.decoded().instructions() | std::views::reverse;
    return memory_operation_of(*std::ranges::find_if(
        instructions, [](const DecodedInstruction& candidate) { return candidate.unit != ExecutionUnit::exit; }));
}

TEST(CacheUse, OfLoadsFollowsTheirOperatorAndTheirScope) {
    const std::vector<std::pair<std::string, CacheUse>> expected{
        {"ld.global.u32 %r5, [%d1];", CacheUse::l1},
        {"ld.global.ca.u32 %r5, [%d1];", CacheUse::l1},
        {"ld.global.cs.u32 %r5, [%d1];", CacheUse::l1},
        {"ld.global.nc.u32 %r5, [%d1];", CacheUse::l1},
        {"ld.relaxed.cta.global.u32 %r5, [%d1];", CacheUse::l1},
        {"ld.global.cg.u32 %r5, [%d1];", CacheUse::l2},
        {"ld.global.cv.u32 %r5, [%d1];", CacheUse::l2},
        {"ld.volatile.global.u32 %r5, [%d1];", CacheUse::l2},
        {"ld.relaxed.gpu.global.u32 %r5, [%d1];", CacheUse::l2},
        {"ld.global.nc.L1::no_allocate.u32 %r5, [%d1];", CacheUse::l2},
        {"ld.acquire.gpu.global.u32 %r5, [%d1];", CacheUse::acquire},
        {"ld.acquire.sys.global.u32 %r5, [%d1];", CacheUse::acquire},
        {"cp.async.ca.shared.global [%r20], [%d1], 8;", CacheUse::l1},
        {"cp.async.cg.shared.global [%r20], [%d1], 16;", CacheUse::l2},
        {"st.global.u32 [%d1], %r5;", CacheUse::l2},
    };
    for (const auto& [instruction, use] : expected) EXPECT_EQ(operation_of(instruction).cache, use) << instruction;
}

TEST(AtomicForm, OnSharedMemoryIsNativeForIntegersOf32BitsAndSwaps) {
    const std::vector<std::pair<std::string, AtomicForm>> expected{
        {"atom.shared.add.u32 %r5, [%r20], %r1;", AtomicForm::native},
        {"red.shared.min.s32 [%r20], %r1;", AtomicForm::native},
        {"atom.shared.cas.b64 %d5, [%r20], %d1, %d2;", AtomicForm::native},
        {"red.shared.add.u32 [%r20], 1;", AtomicForm::counting},
        {"atom.shared.add.u32 %r5, [%r20], 1;", AtomicForm::counting},
        {"red.shared.add.u32 [%r20], 2;", AtomicForm::native},
        {"red.shared.add.f32 [%r20], %f1;", AtomicForm::swap_loop},
        {"atom.shared.add.u64 %d5, [%r20], %d1;", AtomicForm::swap_loop},
    };
    for (const auto& [instruction, form] : expected) EXPECT_EQ(operation_of(instruction).atomic, form) << instruction;
}

TEST(Release, BeyondTheCtaIsAFenceAndTheAccess) {
    EXPECT_TRUE(operation_of("st.release.gpu.global.u32 [%d1], %r1;").fence_before);
    EXPECT_TRUE(operation_of("red.release.gpu.global.add.u32 [%d1], %r1;").fence_before);
    EXPECT_TRUE(operation_of("atom.acq_rel.gpu.global.add.u32 %r5, [%d1], %r1;").fence_before);
    EXPECT_FALSE(operation_of("st.release.cta.global.u32 [%d1], %r1;").fence_before);
    EXPECT_FALSE(operation_of("atom.global.add.u32 %r5, [%d1], %r1;").fence_before);
}

TimedResult time_of(TestKernel& kernel, std::uint64_t memory) {
    const MachineProgram program(kernel.decoded());
    FindingSink findings(FindingMode::strict);
    GpuParameters gpu = testing::a100();
    gpu.sm_count = 4;
    return run_timed(gpu, program, kernel.launch(memory, memory, 0), findings);
}

/// Cycles between two reads of the clock by one warp, and the result of the launch.
std::uint32_t clocks_of(const std::string& body) {
    TestKernel kernel("mul.wide.u32 %d3, %r1, 4; add.s64 %d4, %d1, %d3;\n" + body +
                      "st.global.u32 [%d2+8192], %r13;\n");
    const std::uint64_t memory = kernel.memory.allocate(16384, "memory");
    time_of(kernel, memory);
    return kernel.download<std::uint32_t>(memory + 8192, 1)[0];
}

std::string second_load_timed(const std::string& load) {
    return load + " %r5, [%d4];\nadd.s32 %r6, %r5, %r1;\nmov.u32 %r10, %clock;\n" + load +
           " %r7, [%d4];\nadd.s32 %r8, %r7, %r6;\nmov.u32 %r12, %clock;\nsub.s32 %r13, %r12, %r10;\n";
}

TEST(TimedMemory, LoadsHitInTheL1UnlessTheirOperatorPassesItBy) {
    EXPECT_LT(clocks_of(second_load_timed("ld.global.u32")), 50U);
    EXPECT_GT(clocks_of(second_load_timed("ld.global.cg.u32")), 190U);
    EXPECT_GT(clocks_of(second_load_timed("ld.volatile.global.u32")), 190U);
}

TEST(TimedMemory, LocalMemoryIsReadFromTheL1) {
    EXPECT_LT(clocks_of(".local .align 4 .b8 space[64];\nmov.u64 %d10, space;\nst.local.u32 [%d10+8], %r1;\n"
                        "mov.u32 %r10, %clock;\nld.local.u32 %r7, [%d10+8];\nadd.s32 %r8, %r7, %r1;\n"
                        "mov.u32 %r12, %clock;\nsub.s32 %r13, %r12, %r10;\n"),
              60U);
}

TEST(TimedMemory, AFenceOfTheGpuWaitsForStoresAndOneOfTheCtaDoesNot) {
    const auto fence = [](const std::string& name) {
        return clocks_of("mov.u32 %r10, %clock;\nst.global.u32 [%d4], %r1;\n" + name +
                         ";\nmov.u32 %r12, %clock;\nsub.s32 %r13, %r12, %r10;\n");
    };
    EXPECT_LT(fence("membar.cta"), 30U);
    EXPECT_GT(fence("membar.gl"), 150U);
    EXPECT_GT(fence("fence.acq_rel.gpu"), 150U);
    EXPECT_GT(fence("st.release.gpu.global.u32 [%d4+4096], %r1"), 150U);
}

/// Cycles of 64 CTAs of 256 threads that add to memory, by what the third register of the address is.
Cycle time_of_additions(const std::string& address) {
    TestKernel kernel(address + "add.s64 %d4, %d1, %d3;\nred.global.add.u32 [%d4], %r1;\n");
    kernel.grid = {64, 1, 1};
    kernel.block = {256, 1, 1};
    const std::uint64_t memory = kernel.memory.allocate(65536, "memory");
    const Cycle cycles = time_of(kernel, memory).cycles;
    const auto sums = kernel.download<std::uint32_t>(memory, 16384);
    std::uint64_t sum = 0;
    for (const std::uint32_t value : sums) sum += value;
    EXPECT_EQ(sum, 64U * (255 * 256 / 2)) << "no addition is lost";
    return cycles;
}

TEST(TimedMemory, AdditionsToOneAddressAreSlowerThanSpreadOnes) {
    const Cycle spread = time_of_additions("mul.wide.u32 %d3, %r1, 4;\n");
    const Cycle together = time_of_additions("mov.u64 %d3, 0;\n");
    const double turns = 64 * 256 / testing::a100().memory.l2.atomic_turns_per_cycle;
    EXPECT_GE(together, Cycle(static_cast<std::uint64_t>(turns)));
    EXPECT_GT(together, spread * 2);
}

TEST(TimedMemory, AtomicsAreCountedByTheL2AndNotAsLoadsOrStores) {
    TestKernel kernel("atom.global.add.u32 %r5, [%d1], %r1;\nred.global.add.u32 [%d1+4], %r5;\n");
    const std::uint64_t memory = kernel.memory.allocate(64, "memory");
    const TimedResult result = time_of(kernel, memory);
    EXPECT_EQ(result.traffic.l2_atomic_turns, 64U);
    EXPECT_EQ(result.traffic.sm_atomic, 3U * 128);
    EXPECT_EQ(result.traffic.sm_read + result.traffic.sm_written, 0U);
}

}  // namespace
}  // namespace stcsim
