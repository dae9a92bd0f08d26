/// What may change places in a kernel, and what may not.

#include "ptx_timing/kernel_schedule.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "a100.h"
#include "kernel_fixture.h"

namespace stcsim {
namespace {

/// The kernel's instructions in the new order, as written: those between two `marker`s.
class Scheduled {
  public:
    explicit Scheduled(const std::string& body, const std::string& before = "", std::uint32_t registers = 64)
        : module_(parse_ptx(kernel_text(body, before), "test.ptx")), kernel_(scheduled(module_, registers)) {}

    /// Where the instruction that starts like this and is the `nth` of them in the text is now.
    [[nodiscard]] std::size_t place(const std::string& name, std::size_t nth = 0) const {
        std::vector<std::pair<std::uint32_t, std::size_t>> found;  // column in the text, place
        const auto& instructions = kernel_.ptx().instructions;
        for (std::size_t i = 0; i < instructions.size(); ++i) {
            const PtxLocation where = instructions[i].where;
            if (instructions[i].name().starts_with(name)) found.emplace_back(where.line * 1000 + where.column, i);
        }
        std::ranges::sort(found);
        EXPECT_LT(nth, found.size()) << name;
        return nth < found.size() ? found[nth].second : 0;
    }

  private:
    static DecodedKernel scheduled(PtxModule& module, std::uint32_t registers) {
        PtxKernel& kernel = *module.kernels.front();
        DecodedKernel decoded = DecodedKernel::decode(module, kernel);
        const std::vector<std::uint32_t> order = scheduled_order(decoded, registers, testing::a100());
        return reordered(std::move(decoded), kernel, order);
    }

    PtxModule module_;
    DecodedKernel kernel_;
};

TEST(KernelSchedule, StartsLoadsEarly) {
    const Scheduled kernel(R"(
ld.global.f32 %f1, [%d1];
add.f32 %f2, %f1, %f1;
ld.global.f32 %f3, [%d1+128];
add.f32 %f4, %f3, %f2;
st.global.f32 [%d2], %f4;
)");
    EXPECT_LT(kernel.place("ld.global", 1), kernel.place("add.f32", 0));
    EXPECT_LT(kernel.place("add.f32", 1), kernel.place("st.global"));
}

TEST(KernelSchedule, SpreadsLoadsBetweenMma) {
    std::string body;
    for (int i = 0; i < 4; ++i) {
        const std::string sums = "{%r" + std::to_string(20 + 2 * i) + ",%r" + std::to_string(21 + 2 * i) + "}";
        body += "mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 " + sums + ", {%r10,%r11,%r12,%r13}, {%r14,%r15}, " +
                sums + ";\n";
    }
    for (int i = 0; i < 3; ++i)
        body += "ld.shared.u32 %r" + std::to_string(40 + i) + ", [%r3+" + std::to_string(4 * i) + "];\n";
    body += "st.global.u32 [%d1], %r40; st.global.u32 [%d1+4], %r41; st.global.u32 [%d1+8], %r42;\n";
    body += "st.global.u32 [%d1+12], %r20; st.global.u32 [%d1+16], %r26;\n";
    const Scheduled kernel(body);
    EXPECT_LT(kernel.place("ld.shared", 2), kernel.place("mma", 3));
}

TEST(KernelSchedule, LeavesTheClockWhereItIsRead) {
    const Scheduled kernel(R"(
add.s32 %r10, %r3, 1;
mov.u32 %r20, %clock;
ld.global.u32 %r11, [%d1];
add.s32 %r12, %r3, 2;
mov.u32 %r21, %clock;
ld.global.u32 %r13, [%d1+4];
st.global.u32 [%d2], %r11;
)");
    const std::size_t first = kernel.place("mov.u32", 1);
    const std::size_t second = kernel.place("mov.u32", 2);
    EXPECT_LT(kernel.place("add.s32", 0), first);
    EXPECT_LT(first, kernel.place("ld.global", 0));
    EXPECT_LT(first, kernel.place("add.s32", 1));
    EXPECT_LT(kernel.place("add.s32", 1), second);
    EXPECT_LT(kernel.place("ld.global", 0), second);
    EXPECT_LT(second, kernel.place("ld.global", 1));
}

TEST(KernelSchedule, KeepsTheOrderOfAccessesOfWhichOneWrites) {
    const Scheduled kernel(R"(
st.shared.u32 [%r3], %r1;
ld.shared.u32 %r10, [%r3+4];
st.shared.u32 [%r3+8], %r10;
ld.u32 %r11, [%d1];
st.global.u32 [%d2], %r11;
ld.global.u32 %r12, [%d1];
st.global.u32 [%d2+4], %r12;
)",
                           ".shared .align 4 .b8 buffer[1024];");
    EXPECT_LT(kernel.place("st.shared", 0), kernel.place("ld.shared"));
    EXPECT_LT(kernel.place("ld.shared"), kernel.place("st.shared", 1));
    EXPECT_LT(kernel.place("st.shared", 1), kernel.place("ld.u32"));
    EXPECT_LT(kernel.place("st.global", 0), kernel.place("ld.global"));
}

TEST(KernelSchedule, MovesNoMemoryAccessAcrossBarriersWaitsAndShuffles) {
    for (const char* const fence : {"bar.sync 0", "bar.warp.sync -1", "membar.gl", "cp.async.wait_group 0",
                                    "shfl.sync.idx.b32 %r30, %r3, 0, 31, -1", "atom.global.add.u32 %r30, [%d2], 1"}) {
        const Scheduled kernel("add.s32 %r10, %r3, 1;\nst.shared.u32 [%r3], %r10;\n" + std::string(fence) +
                                   ";\nld.shared.u32 %r11, [%r3+4];\nst.global.u32 [%d1], %r11;\n",
                               ".shared .align 4 .b8 buffer[1024];");
        const std::string name = std::string(fence).substr(0, std::string(fence).find(' '));
        EXPECT_LT(kernel.place("st.shared"), kernel.place(name)) << fence;
        EXPECT_LT(kernel.place(name), kernel.place("ld.shared")) << fence;
    }
}

TEST(KernelSchedule, KeepsCopiesGroupsAndWaitsInOrder) {
    const Scheduled kernel(R"(
ld.shared.u32 %r10, [%r3];
cp.async.ca.shared.global [%r3], [%d1], 4;
cp.async.commit_group;
cp.async.ca.shared.global [%r3+4], [%d1+4], 4;
cp.async.commit_group;
cp.async.wait_group 1;
ld.shared.u32 %r11, [%r3+8];
st.global.u32 [%d2], %r11; st.global.u32 [%d2+4], %r10;
)",
                           ".shared .align 4 .b8 buffer[1024];");
    EXPECT_LT(kernel.place("ld.shared", 0), kernel.place("cp.async.ca", 0));
    EXPECT_LT(kernel.place("cp.async.ca", 0), kernel.place("cp.async.commit", 0));
    EXPECT_LT(kernel.place("cp.async.commit", 0), kernel.place("cp.async.ca", 1));
    EXPECT_LT(kernel.place("cp.async.ca", 1), kernel.place("cp.async.commit", 1));
    EXPECT_LT(kernel.place("cp.async.commit", 1), kernel.place("cp.async.wait"));
    EXPECT_LT(kernel.place("cp.async.wait"), kernel.place("ld.shared", 1));
}

TEST(KernelSchedule, KeepsTheChainOfCarries) {
    const Scheduled kernel(R"(
add.cc.u32 %r10, %r3, 5;
addc.u32 %r11, %r3, 0;
add.cc.u32 %r12, %r3, 7;
addc.u32 %r13, %r3, 0;
st.global.u32 [%d1], %r10; st.global.u32 [%d1+4], %r11; st.global.u32 [%d1+8], %r12; st.global.u32 [%d1+12], %r13;
)");
    EXPECT_LT(kernel.place("addc", 0), kernel.place("add.cc", 1));
    EXPECT_LT(kernel.place("add.cc", 1), kernel.place("addc", 1));
}

TEST(KernelSchedule, LeavesBranchesAtTheEndOfTheirBlocks) {
    const Scheduled kernel(R"(
mov.u32 %r10, 0;
again:
ld.global.u32 %r11, [%d1];
st.global.u32 [%d2], %r11;
add.s32 %r10, %r10, 1;
setp.lt.u32 %p1, %r10, 8;
@%p1 bra again;
add.s32 %r12, %r10, 1;
)");
    // The counting fills the wait for the load.
    EXPECT_LT(kernel.place("setp"), kernel.place("st.global"));
    EXPECT_LT(kernel.place("st.global"), kernel.place("bra"));
    EXPECT_LT(kernel.place("bra"), kernel.place("add.s32", 1));
}

TEST(KernelSchedule, MovesNothingAcrossCallsAndReturns) {
    const Scheduled kernel(R"(
ld.global.u32 %r10, [%d1];
{ .param .b32 a; st.param.b32 [a], %r1; .param .b32 b; call.uni (b), square, (a); ld.param.b32 %r20, [b]; }
add.s32 %r11, %r10, %r20;
ld.global.u32 %r12, [%d1+4];
st.global.u32 [%d2], %r11; st.global.u32 [%d2+4], %r12;
)",
                           ".func (.param .b32 result) square(.param .b32 x)\n{\n.reg .b32 %r<3>;\n"
                           "ld.param.u32 %r1, [x]; mul.lo.u32 %r2, %r1, %r1; st.param.b32 [result], %r2; ret;\n}\n");
    const std::size_t call = kernel.place("call");
    EXPECT_LT(kernel.place("ld.global", 0), call);
    EXPECT_LT(kernel.place("st.param", 1), call);
    EXPECT_LT(call, kernel.place("ld.param.b32"));
    EXPECT_LT(call, kernel.place("ld.global", 1));
    EXPECT_LT(kernel.place("ld.global", 1), kernel.place("add.s32")) << "behind the call loads start early";
    // The function stands behind the kernel, in an order of its own.
    EXPECT_LT(kernel.place("st.global", 1), kernel.place("mul.lo"));
    EXPECT_LT(kernel.place("mul.lo"), kernel.place("st.param", 0));
    EXPECT_LT(kernel.place("st.param", 0), kernel.place("ret", 0));
}

}  // namespace
}  // namespace stcsim
