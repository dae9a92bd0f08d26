#include <algorithm>
#include <random>

#include <gmock/gmock.h>

#include "base/error.h"
#include "kernel_fixture.h"
#include "mma_kernel.h"

namespace stcsim {
namespace {

using testing::HasSubstr;
using U16 = std::uint16_t;
using U32 = std::uint32_t;
using U64 = std::uint64_t;

TEST(Mma, GivesTheBitsOfTheNumericsForEveryInstruction) {
    std::mt19937_64 random(5);
    for (const MmaInstruction& instruction : mma_instructions()) {
        const U32 selectors = std::max(1U, sparsity_selectors(instruction));
        const auto selector = static_cast<U32>(random() % selectors);
        expect_bits_of_the_numerics(MmaKernel(instruction, selector), selector, random);
    }
}

TEST(Ldmatrix, HandsOutRowsAndColumns) {
    for (const bool transposed : {false, true}) {
        const std::string trans = transposed ? ".trans" : "";
        TestKernel kernel(
            ".shared .align 16 .b8 tile[512]; mov.u32 %r10, tile; shl.b32 %r11, %r1, 4; add.s32 %r12, %r10, %r11; "
            "mad.wide.u32 "
            "%d3, %r1, 16, %d1; ld.global.v4.u32 {%r20, %r21, %r22, %r23}, [%d3]; st.shared.v4.u32 [%r12], {%r20, "
            "%r21, %r22, "
            "%r23}; bar.sync 0; ldmatrix.sync.aligned.m8n8.x4" +
            trans + ".shared.b16 {%r30, %r31, %r32, %r33}, [%r12]; ldmatrix.sync.aligned.x1" + trans +
            ".m8n8.shared.b16 {%r34}, [%r12]; mad.wide.u32 %d4, %r1, 32, %d2; st.global.v4.u32 [%d4], {%r30, %r31, "
            "%r32, "
            "%r33}; st.global.u32 [%d4+16], %r34;");
        std::vector<U16> in(256);
        for (U32 i = 0; i < 256; ++i) in[i] = static_cast<U16>(i * 7);
        const std::vector<U32> out = kernel.run<U32>(in, 256);
        for (U32 lane = 0; lane < 32; ++lane) {
            for (U32 matrix = 0; matrix < 4; ++matrix) {
                const auto element = [&](U32 i) {
                    const U32 row = transposed ? 2 * (lane % 4) + i : lane / 4;
                    const U32 column = transposed ? lane / 4 : 2 * (lane % 4) + i;
                    return U32{in[64 * matrix + 8 * row + column]};
                };
                EXPECT_EQ(out[8 * lane + matrix], element(0) | element(1) << 16U);
            }
            EXPECT_EQ(out[8 * lane + 4], out[8 * lane]);
        }
    }
}

TEST(Movmatrix, Transposes) {
    TestKernel kernel(
        "mad.wide.u32 %d3, %r1, 4, %d1; ld.global.u32 %r10, [%d3]; movmatrix.sync.aligned.m8n8.trans.b16 %r11, %r10; "
        "mad.wide.u32 %d4, %r1, 4, %d2; st.global.u32 [%d4], %r11;");
    std::vector<U16> in(64);
    for (U32 i = 0; i < 64; ++i) in[i] = static_cast<U16>(i);
    const std::vector<U16> out = kernel.run<U16>(in, 64);
    for (U32 i = 0; i < 64; ++i) EXPECT_EQ(out[i], in[8 * (i % 8) + i / 8]);
}

/// What lane l copies: 16 bytes of the input, to 16 bytes of the tile; the body then reads its word into %r20.
std::string copying(const std::string& body) {
    return ".shared .align 16 .b8 tile[1024]; mov.u32 %r10, tile; shl.b32 %r11, %r1, 4; add.s32 %r12, %r10, %r11; "
           "mad.wide.u32 %d3, %r1, 16, %d1; mad.wide.u32 %d4, %r1, 16, %d2;\n" +
           body;
}
std::vector<U32> numbers(std::size_t count) {
    std::vector<U32> values(count);
    for (U32 i = 0; i < count; ++i) values[i] = i + 1;
    return values;
}

TEST(AsyncCopies, AppearWhenTheirGroupIsWaitedFor) {
    TestKernel kernel(copying(
        "st.shared.u32 [%r12], 7; cp.async.cg.shared.global [%r12], [%d3], 16; cp.async.commit_group; "
        "cp.async.ca.shared.global [%r12+512], [%d3], 4; cp.async.commit_group; ld.shared.u32 %r20, [%r12]; "
        "cp.async.wait_group 1; ld.shared.u32 %r21, [%r12]; ld.shared.u32 %r22, [%r12+512]; cp.async.wait_group 0; "
        "ld.shared.u32 %r23, [%r12+512]; st.global.v4.u32 [%d4], {%r20, %r21, %r22, %r23};"));
    FindingSink sink(FindingMode::lenient);
    const std::vector<U32> out = kernel.run<U32>(numbers(128), 128, sink);
    for (U32 lane = 0; lane < 32; ++lane) {
        EXPECT_EQ(out[4 * lane], 7U);  // what was there before
        EXPECT_EQ(out[4 * lane + 1], 4 * lane + 1);
        EXPECT_EQ(out[4 * lane + 2], 0U);
        EXPECT_EQ(out[4 * lane + 3], 4 * lane + 1);
    }
    EXPECT_EQ(sink.total(FindingKind::pending_copy_read), 64U);
}

TEST(AsyncCopies, FillWithZerosWhatTheyDoNotRead) {
    TestKernel kernel(copying(
        "setp.lt.u32 %p1, %r1, 16; selp.b32 %r13, 16, 0, %p1; st.shared.v4.u32 [%r12], {%r1, %r1, %r1, %r1}; "
        "cp.async.cg.shared.global [%r12], [%d3], 16, %r13; createpolicy.fractional.L2::evict_first.b64 %d9, "
        "0f3F800000; "
        "cp.async.ca.shared.global.L2::cache_hint [%r12+512], [%d3], 8, 4, %d9; cp.async.wait_all; ld.shared.v2.u32 "
        "{%r20, "
        "%r21}, [%r12]; ld.shared.v2.u32 {%r22, %r23}, [%r12+512]; st.global.v4.u32 [%d4], {%r20, %r21, %r22, %r23};"));
    const std::vector<U32> out = kernel.run<U32>(numbers(128), 128);
    for (U32 lane = 0; lane < 32; ++lane) {
        EXPECT_EQ(out[4 * lane], lane < 16 ? 4 * lane + 1 : 0);
        EXPECT_EQ(out[4 * lane + 1], lane < 16 ? 4 * lane + 2 : 0);
        EXPECT_EQ(out[4 * lane + 2], 4 * lane + 1);
        EXPECT_EQ(out[4 * lane + 3], 0U);
    }
}

TEST(AsyncCopies, ThatReadNothingNeedNoAddress) {
    TestKernel kernel(
        copying("mov.u64 %d5, 0; cp.async.cg.shared.global [%r12], [%d5], 16, 0; setp.eq.u32 %p1, 0, 0; "
                "cp.async.ca.shared.global [%r12+512], [%d5], 4, %p1; cp.async.wait_all; ld.shared.u32 %r20, "
                "[%r12]; st.global.u32 [%d4], %r20;"));
    EXPECT_EQ(kernel.run<U32>(numbers(1), 128), std::vector<U32>(128, 0));
}

}  // namespace
}  // namespace stcsim
