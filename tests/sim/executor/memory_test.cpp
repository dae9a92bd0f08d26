#include <numeric>

#include <gmock/gmock.h>

#include "base/error.h"
#include "kernel_fixture.h"
#include "numerics/float_format.h"

namespace stcsim {
namespace {

using testing::HasSubstr;
using U8 = std::uint8_t;
using U16 = std::uint16_t;
using U32 = std::uint32_t;
using U64 = std::uint64_t;

std::vector<U32> counting(std::size_t count) {
    std::vector<U32> values(count);
    std::iota(values.begin(), values.end(), 1000U);
    return values;
}

TEST(Loads, ExtendWhatIsNarrowerThanTheRegister) {
    TestKernel kernel(
        "ld.global.s8 %r10, [%d1]; st.global.u32 [%d2], %r10; ld.global.u8 %h1, [%d1]; st.global.u16 [%d2+4], %h1;"
        "ld.global.s16 %d10, [%d1]; st.global.u64 [%d2+8], %d10; ld.global.s8 %h2, [%d1+1]; st.global.u16 [%d2+6], %h2;"
        "ld.global.u32 %d11, [%d1]; st.global.u64 [%d2+16], %d11;");
    const std::vector<U32> out = kernel.run<U32>(std::vector<U32>{0x8081F280U}, 6);
    EXPECT_EQ(out, (std::vector<U32>{0xFFFFFF80U, 0xFFF20080U, 0xFFFFF280U, 0xFFFFFFFFU, 0x8081F280U, 0}));
}

TEST(Vectors, AreLoadedAndStoredInOneAccess) {
    TestKernel kernel(
        "mad.wide.u32 %d3, %r1, 16, %d1; mad.wide.u32 %d4, %r1, 16, %d2; ld.global.v4.u32 {%r10, _, %r12, %r13}, [%d3];"
        "st.global.v2.u32 [%d4], {%r13, %r12}; st.global.v2.b32 [%d4+8], {%r10, 7};");
    const std::vector<U32> in = counting(128);
    const std::vector<U32> out = kernel.run<U32>(in, 128);
    for (U32 t = 0; t < 32; ++t) {
        EXPECT_EQ(out[4 * t], in[4 * t + 3]);
        EXPECT_EQ(out[4 * t + 1], in[4 * t + 2]);
        EXPECT_EQ(out[4 * t + 2], in[4 * t]);
        EXPECT_EQ(out[4 * t + 3], 7U);
    }
}

/// Each thread writes and reads its own words of every space, by their own and by generic addresses.
TEST(Spaces, AreReachedByTheirOwnAndByGenericAddresses) {
    TestKernel kernel(
        ".local .align 8 .b8 stack[64]; .shared .align 16 .b8 tile[256];"
        "mov.u64 %d10, stack; add.s32 %r10, %r1, 5; st.local.u32 [%d10+8], %r10; cvta.local.u64 %d11, %d10;"
        "ld.u32 %r11, [%d11+8]; st.u32 [%d11+12], %r11; ld.local.u32 %r12, [stack+12];"  // own
        "mov.u32 %r20, tile; shl.b32 %r21, %r1, 2; add.s32 %r22, %r20, %r21; st.shared.u32 [%r22], %r12;"
        "cvt.u64.u32 %d20, %r22; cvta.shared.u64 %d21, %d20; ld.u32 %r23, [%d21];"
        "isspacep.shared %p1, %d21; isspacep.local %p2, %d21; isspacep.global %p3, %d1; isspacep.local %p4, %d11;"
        "and.pred %p5, %p1, %p3; and.pred %p5, %p5, %p4; not.pred %p2, %p2; and.pred %p5, %p5, %p2;"
        "cvta.to.shared.u64 %d22, %d21; cvt.u32.u64 %r24, %d22; ld.shared.u32 %r25, [%r24];"
        "cvta.to.global.u64 %d3, %d2; mad.wide.u32 %d4, %r1, 4, %d3; add.s32 %r26, %r23, %r25;"
        "selp.b32 %r26, %r26, 0, %p5; st.u32 [%d4], %r26;");
    const std::vector<U32> out = kernel.run<U32>(counting(1), 32);
    for (U32 t = 0; t < 32; ++t) EXPECT_EQ(out[t], 2 * (t + 5));
}

TEST(Spaces, HoldTheVariablesOfTheModule) {
    TestKernel kernel(
        "ld.const.u32 %r10, [table+4]; mov.u64 %d10, counter; ld.global.u32 %r11, [%d10]; ld.global.u64 %d11, "
        "[pointer];"
        "ld.global.u32 %r12, [%d11+4]; add.s32 %r10, %r10, %r11; add.s32 %r10, %r10, %r12; st.global.u32 [%d2], %r10;"
        "mov.u64 %d12, n; ld.param.u32 %r13, [%d12]; ld.param.u32 %r14, [n]; st.global.v2.u32 [%d2+8], {%r13, %r14};",
        ".const .align 4 .u32 table[3] = {5, 6, 7};\n.global .align 4 .u32 counter = 100;\n"
        ".global .align 4 .u32 words[2] = {1, 2000};\n.global .align 8 .u64 pointer = words;");
    const std::vector<U32> out = kernel.run<U32>(counting(1), 4, 77);
    EXPECT_EQ(out[0], 2106U);
    EXPECT_EQ(out[2], 77U);
    EXPECT_EQ(out[3], 77U);
}

TEST(Spaces, DynamicSharedMemoryFollowsTheStatic) {
    TestKernel kernel(
        "mov.u32 %r10, fixed; mov.u32 %r11, dynamic; mov.u32 %r12, %total_smem_size; mov.u32 %r13, %dynamic_smem_size;"
        "st.global.v4.u32 [%d2], {%r10, %r11, %r12, %r13};",
        ".shared .align 4 .b8 fixed[20];\n.extern .shared .align 32 .b8 dynamic[];");
    kernel.dynamic_shared = Bytes(100);
    EXPECT_EQ(kernel.run<U32>(counting(1), 4), (std::vector<U32>{0, 32, 132, 100}));
}

TEST(SpecialRegisters, TellThreadsAndCtasApart) {
    TestKernel kernel(
        "mov.u32 %r10, %tid.y; mov.u32 %r11, %ntid.x; mov.u32 %r12, %ctaid.y; mov.u32 %r13, %nctaid.x; mov.u32 %r14, "
        "%ctaid.x; mov.u32 %r15, %laneid; mov.u32 %r16, %lanemask_lt; mov.u32 %r17, %ntid.y; mov.u32 %r18, %warpid;"
        "mad.lo.s32 %r20, %r12, %r13, %r14; mul.lo.s32 %r21, %r11, %r17; mad.lo.s32 %r20, %r20, %r21, %r1; mad.lo.s32 "
        "%r20, "
        "%r10, %r11, %r20; mad.wide.u32 %d3, %r20, 16, %d2; popc.b32 %r22, %r16; st.global.v4.u32 [%d3], {%r15, %r22, "
        "%r18, "
        "%r20};");
    kernel.grid = {3, 2, 1};
    kernel.block = {10, 5, 1};
    const std::vector<U32> out = kernel.run<U32>(counting(1), 4 * 6 * 50);
    for (U32 i = 0; i < 300; ++i) {
        EXPECT_EQ(out[4 * i], i % 50 % 32);
        EXPECT_EQ(out[4 * i + 1], i % 50 % 32);
        EXPECT_EQ(out[4 * i + 2], i % 50 / 32);
        EXPECT_EQ(out[4 * i + 3], i);
    }
}

struct AtomicCase {
    std::string operation;
    U32 initial;
    U32 last;  ///< in memory after lanes 0 to 31 have each given their number plus one
};

TEST(Atomics, UpdateLaneByLane) {
    for (const AtomicCase& c : {AtomicCase{"add.u32", 5, 533},
                                {"min.s32", 0xFFFFFFF0U, 0xFFFFFFF0U},
                                {"min.u32", 0xFFFFFFF0U, 1},
                                {"max.s32", 0xFFFFFFF0U, 32},
                                {"and.b32", 0xFFU, 0},
                                {"or.b32", 0, 63},
                                {"xor.b32", 0, 32},
                                {"exch.b32", 9, 32}}) {
        TestKernel kernel("ld.global.u32 %r9, [%d1]; st.global.u32 [%d2], %r9; add.s32 %r10, %r1, 1; atom.global." +
                          c.operation +
                          " %r11, [%d2], %r10; setp.eq.u32 %p1, %r1, 0; @%p1 st.global.u32 [%d2+4], %r11;");
        const std::vector<U32> out = kernel.run<U32>(std::vector<U32>{c.initial}, 2);
        EXPECT_EQ(out[0], c.last) << c.operation;
        EXPECT_EQ(out[1], c.initial) << c.operation;
    }
}

TEST(Atomics, WrapAndCompareAndAddFloats) {
    TestKernel kernel(
        "atom.global.inc.u32 %r10, [%d2], 9; atom.global.cas.b32 %r11, [%d2+4], %r1, 100; mov.f32 %f1, 0f3F000000;"
        "red.global.add.f32 [%d2+8], %f1; mov.b32 %r12, 0x3C003800; red.gpu.global.add.noftz.f16x2 [%d2+12], %r12;"
        "red.relaxed.gpu.global.add.s32 [%d2+16], -1; atom.global.add.u64 %d10, [%d2+24], 5000000000;"
        "mov.f64 %e1, 0d3FD0000000000000; atom.add.f64 %e2, [%d2+32], %e1; atom.global.dec.u32 %r13, [%d2+40], 6;");
    const std::vector<U32> out = kernel.run<U32>(counting(1), 11);
    EXPECT_EQ(out[0], 32U % 10U);
    EXPECT_EQ(out[1], 100U);
    EXPECT_EQ(out[2], std::bit_cast<U32>(16.0F));
    EXPECT_EQ(out[3], from_double(ElementType::f16, 16.0) | from_double(ElementType::f16, 32.0) << 16U);
    EXPECT_EQ(out[4], static_cast<U32>(-32));
    EXPECT_EQ(out[6] | U64{out[7]} << 32U, 160'000'000'000U);
    EXPECT_EQ(std::bit_cast<double>(out[8] | U64{out[9]} << 32U), 8.0);
    EXPECT_EQ(out[10], 3U);  // 0 wraps to 6, then down; 32 steps through 7 values end at 3
}

TEST(Faults, NameTheAccessAndWhatLiesNearIt) {
    TestKernel kernel("mad.wide.u32 %d3, %r1, 4, %d1; ld.global.u32 %r10, [%d3];");
    kernel.block = {64, 1, 1};
    FindingSink sink(FindingMode::off);
    const std::string message = message_of<KernelFault>([&] { kernel.run<U32>(counting(40), 1, sink); });
    EXPECT_THAT(message, HasSubstr("out-of-bounds access at PTX line 9 (ld.global.u32), CTA 0, warp 1, lane 8"));
    EXPECT_THAT(message, HasSubstr("0 bytes past the end of in, which has 160"));
}

TEST(Faults, MisalignedAndSharedAndLocal) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"add.s64 %d3, %d1, 2; ld.global.u32 %r10, [%d3];", "misaligned access"},
        {"ld.global.v2.u32 {%r10, %r11}, [%d1+4];", "multiple of it"},
        {".shared .b8 tile[64]; st.shared.u32 [tile+64], %r1;", "byte 64 of shared memory, which has 64"},
        {".local .b8 stack[8]; ld.local.u32 %r10, [stack+8];", "byte 8 of local memory, which has 8"},
        {"mov.u64 %d3, 0; st.u8 [%d3], %r1;", "near no allocation"},
    };
    for (const auto& [body, expected] : cases) {
        TestKernel kernel(body);
        EXPECT_THAT(message_of<KernelFault>([&] { kernel.run<U32>(counting(40), 1); }), HasSubstr(expected));
    }
}

TEST(Faults, LenientReadsGiveZeroAndAreCounted) {
    TestKernel kernel(
        "mov.u32 %r10, 5; ld.global.u32 %r10, [%d1+400]; mad.wide.u32 %d3, %r1, 4, %d2; st.global.u32 [%d3], "
        "%r10;\nst.global.u32 [%d3+4096], %r10;");
    FindingSink sink(FindingMode::lenient);
    EXPECT_EQ(kernel.run<U32>(counting(4), 32, sink), std::vector<U32>(32, 0));
    EXPECT_EQ(sink.total(FindingKind::out_of_bounds), 64U);
    EXPECT_EQ(sink.entries().size(), 2U);
}

TEST(AllocationTable, KnowsWhatItHolds) {
    AllocationTable table;
    const std::uint64_t a = table.allocate(100, "a");
    EXPECT_EQ(a % 256, 0U);
    EXPECT_NE(table.find(a + 96, 4), nullptr);
    EXPECT_EQ(table.find(a + 97, 4), nullptr);
    EXPECT_EQ(table.find(a - 1, 1), nullptr);
    EXPECT_EQ(table.find(a, ~std::uint64_t{0}), nullptr);
    std::vector<char> own(64);
    const auto address = reinterpret_cast<std::uintptr_t>(own.data());
    table.adopt(address, own.size(), "own");
    EXPECT_EQ(static_cast<void*>(table.find(address, 64)), own.data());
    EXPECT_THAT(message_of<InputError>([&] { table.adopt(address + 32, 64, "again"); }),
                HasSubstr("does not overlap own"));
    EXPECT_TRUE(table.release(address));
    EXPECT_FALSE(table.release(address));
    EXPECT_EQ(table.find(address, 1), nullptr);
}

TEST(Launch, ThatDoesNotFitTheKernelIsRefused) {
    TestKernel kernel("");
    FindingSink sink(FindingMode::strict);
    const auto refused = [&](auto change) {
        KernelLaunch launch = kernel.launch(0, 0, 0);
        change(launch);
        return message_of<InputError>([&] { run_functional(launch, sink); });
    };
    EXPECT_THAT(refused([](KernelLaunch& l) { l.grid.y = 0; }), HasSubstr("at least one CTA"));
    EXPECT_THAT(refused([](KernelLaunch& l) { l.block = {1025, 1, 1}; }), HasSubstr("1 to 1024 threads"));
    EXPECT_THAT(refused([](KernelLaunch& l) { l.arguments.pop_back(); }), HasSubstr("20 bytes in 3 parameters"));
    EXPECT_THAT(refused([](KernelLaunch& l) { l.dynamic_shared = Bytes(200'000); }),
                HasSubstr("166912 bytes on sm_80"));
    EXPECT_EQ(refused([](KernelLaunch&) {}), "nothing");
}

}  // namespace
}  // namespace stcsim
