/// Instructions that the assembler makes part of others.

#include "ptx_timing/folded_instructions.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "kernel_fixture.h"

namespace stcsim {
namespace {

constexpr const char* buffer = ".shared .align 4 .b8 buffer[1024];";

/// Names of the folded instructions, in order.
std::vector<std::string> folded_names(const std::string& body) {
    const TestKernel kernel(body, buffer);
    const std::vector<bool> folded = folded_instructions(kernel.decoded());
    std::vector<std::string> names;
    for (std::size_t i = 0; i < folded.size(); ++i) {
        if (folded[i]) names.push_back(kernel.decoded().instructions()[i].ptx->name());
    }
    return names;
}

using Names = std::vector<std::string>;

TEST(FoldedInstructions, AreScaledAddressesOfSharedLoads) {
    EXPECT_EQ(folded_names("mov.u32 %r10, buffer;\nshl.b32 %r11, %r3, 2;\nadd.s32 %r12, %r10, %r11;\n"
                           "ld.shared.u32 %r13, [%r12];\nst.shared.u32 [%r12+4], %r13;\n"),
              (Names{"shl.b32", "add.s32"}));
}

TEST(FoldedInstructions, AreNotScaledAddressesOfOtherLoads) {
    EXPECT_EQ(folded_names("shl.b64 %d10, %d1, 2;\nadd.s64 %d11, %d10, 64;\nld.global.u32 %r13, [%d11];\n"),
              (Names{"add.s64"}));
    // LDS multiplies by 4, 8 or 16, and once.
    EXPECT_EQ(folded_names("shl.b32 %r11, %r3, 5;\nadd.s32 %r12, %r11, 64;\nld.shared.u32 %r13, [%r12];\n"),
              (Names{"add.s32"}));
    EXPECT_EQ(folded_names("shl.b32 %r10, %r3, 2;\nshl.b32 %r11, %r10, 2;\nld.shared.u32 %r13, [%r11];\n"),
              (Names{"shl.b32"}));
}

TEST(FoldedInstructions, AreNotThoseWhoseResultIsNeededOtherwise) {
    EXPECT_EQ(folded_names("add.s32 %r12, %r3, 64;\nld.shared.u32 %r13, [%r12];\nst.global.u32 [%d1], %r12;\n"),
              Names{});
    EXPECT_EQ(folded_names("add.s32 %r12, %r3, 64;\nst.shared.u32 [%r12], %r12;\n"), Names{});
    EXPECT_EQ(folded_names("add.s32 %r12, %r3, %r1;\nld.shared.u32 %r13, [%r12];\n"), Names{});
}

TEST(FoldedInstructions, NeedTheirSourceUntilTheLastAccess) {
    EXPECT_EQ(folded_names("add.s32 %r12, %r3, 64;\nadd.s32 %r3, %r3, %r1;\nld.shared.u32 %r13, [%r12];\n"), Names{});
    EXPECT_EQ(folded_names("add.s32 %r12, %r3, 64;\nld.shared.u32 %r3, [%r12];\n"), (Names{"add.s32"}));
}

TEST(FoldedInstructions, LeaveTheirSourcesToWhatTheyArePartOf) {
    const TestKernel kernel("shl.b32 %r10, %r3, 2;\nadd.s32 %r11, %r10, 64;\nld.shared.u32 %r12, [%r11];\n", buffer);
    const DecodedKernel& decoded = kernel.decoded();
    const auto uses = machine_register_uses(decoded, folded_instructions(decoded));
    const auto number = [&](const char* name) {
        const auto& registers = decoded.ptx().registers;
        return static_cast<std::uint32_t>(std::ranges::find(registers, name, &PtxRegister::name) - registers.begin());
    };
    std::uint32_t loads = 0;
    for (std::size_t i = 0; i < uses.size(); ++i) {
        const std::string& opcode = decoded.instructions()[i].ptx->opcode;
        if (opcode == "shl" || opcode == "add") {
            EXPECT_TRUE(uses[i].reads.empty() && uses[i].writes.empty()) << opcode;
        } else if (decoded.instructions()[i].access.space == PtxSpace::shared) {
            ++loads;
            EXPECT_EQ(uses[i].reads, std::vector{number("%r3")});
            EXPECT_EQ(uses[i].writes, std::vector{number("%r12")});
        }
    }
    EXPECT_EQ(loads, 1U);
}

TEST(FoldedInstructions, AreBranchesThatOneOnTheOppositeConditionMakesUnnecessary) {
    EXPECT_EQ(folded_names("again:\nsetp.eq.u32 %p1, %r1, 3;\n@%p1 bra done;\nbra again;\ndone:\n"), (Names{"bra"}));
    EXPECT_EQ(folded_names("setp.eq.u32 %p1, %r1, 3;\n@%p1 bra done;\nback:\nbra done;\ndone:\n@%p1 bra back;\n"),
              (Names{"bra"}));  // the one to the next instruction
}

}  // namespace
}  // namespace stcsim
