/// A kernel and the functions it calls as one text.
#include "ptx/ptx_link.h"

#include <algorithm>
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "ptx/ptx_allocation.h"
#include "ptx/ptx_parser.h"

namespace stcsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::array<std::string_view, 1> provided{"vprintf"};

PtxModule module_of(const std::string& text) {
    return parse_ptx(".version 8.0 .target sm_80 .address_size 64\n" + text, "link.ptx");
}
std::vector<std::string> names(const PtxKernel& kernel) {
    std::vector<std::string> all;
    for (const PtxLinkedFunction& function : kernel.functions) all.push_back(function.name);
    return all;
}
/// Opcodes and first operands' registers by name: "add %r1".
std::vector<std::string> texts(const PtxKernel& kernel, std::uint32_t first, std::uint32_t end) {
    std::vector<std::string> all;
    for (std::uint32_t i = first; i < end; ++i) {
        const PtxInstruction& one = kernel.instructions[i];
        std::string text = one.opcode;
        if (!one.operands.empty() && one.operands[0].kind == PtxOperand::Kind::reg) {
            text += " " + kernel.registers[one.operands[0].index].name;
        }
        all.push_back(text);
    }
    return all;
}

TEST(LinkKernel, LeavesAKernelWithoutCallsAsItIs) {
    const PtxModule module = module_of(".func f { ret; } .entry k { ret; }");
    EXPECT_EQ(link_kernel(module, module.kernel("k"), provided), nullptr);
}

TEST(LinkKernel, PutsEveryFunctionThatMayBeCalledBehindItOnce) {
    const PtxModule module = module_of(
        ".func leaf { .reg .b32 %r<3>; mov.b32 %r2, 1; ret; }\n"
        ".func unused { ret; }\n"
        ".func middle { .reg .b32 %r<3>; call leaf; call leaf; mov.b32 %r1, 2; }\n"
        ".entry k { .reg .b32 %r<3>; mov.b32 %r1, 0; call middle; call leaf; ret; }");
    const auto linked = link_kernel(module, module.kernel("k"), provided);
    ASSERT_NE(linked, nullptr);
    EXPECT_THAT(names(*linked), ElementsAre("middle", "leaf"));
    const PtxLinkedFunction& middle = linked->functions[0];
    const PtxLinkedFunction& leaf = linked->functions[1];
    EXPECT_THAT(texts(*linked, 0, middle.first), ElementsAre("mov %r1", "call", "call", "ret", "ret"));
    EXPECT_THAT(texts(*linked, middle.first, middle.end), ElementsAre("call", "call", "mov %r1", "ret"));
    EXPECT_THAT(texts(*linked, leaf.first, leaf.end), ElementsAre("mov %r2", "ret", "ret"));
    // Registers of the same name are different registers.
    EXPECT_NE(linked->instructions[0].operands[0].index, linked->instructions[middle.first + 2].operands[0].index);
    EXPECT_THAT(middle.reachable, ElementsAre(1));
    EXPECT_THAT(leaf.reachable, IsEmpty());
    EXPECT_FALSE(middle.recursive);
}

TEST(LinkKernel, MovesLabelsAndTargetsWithTheText) {
    const PtxModule module =
        module_of(".func f { .reg .pred p; A: @p bra B; bra A; B: }\n.entry k { call f; L: bra L; }");
    const auto linked = link_kernel(module, module.kernel("k"), provided);
    const std::uint32_t first = linked->functions[0].first;
    EXPECT_EQ(linked->instructions[1].operands[0].index, 1U);
    EXPECT_EQ(linked->instructions[first].operands[0].index, first + 2) << "the end: the ret put there";
    EXPECT_EQ(linked->instructions[first + 1].operands[0].index, first);
}

TEST(LinkKernel, TellsWhichFunctionsRecurse) {
    const PtxModule module =
        module_of(".func a; .func b { call a; } .func a { call b; } .func c { call a; } .entry k { call c; }");
    const auto linked = link_kernel(module, module.kernel("k"), provided);
    for (const PtxLinkedFunction& function : linked->functions) {
        EXPECT_EQ(function.recursive, function.name != "c") << function.name;
    }
}

TEST(LinkKernel, ThroughARegisterReachesFunctionsWhoseAddressIsTaken) {
    const PtxModule module = module_of(
        ".func in_table { ret; } .func in_code { ret; } .func only_called { ret; }\n"
        ".global .u64 table[2] = {in_table, 0};\n"
        ".entry other { .reg .b64 d; mov.u64 d, in_code; call only_called; }\n"
        ".entry k { .reg .b64 d; call d; }");
    const auto linked = link_kernel(module, module.kernel("k"), provided);
    EXPECT_THAT(names(*linked), ElementsAre("in_table", "in_code"));
    EXPECT_THAT(linked->callees(linked->instructions[0]), ElementsAre(0, 1));
}

TEST(LinkKernel, NamesEveryCallThatLeadsNowhere) {
    const PtxModule module = module_of(
        ".extern .func f; .extern .func g; .extern .func vprintf;\n.func h {\ncall g; }\n.entry k {\ncall vprintf; "
        "call f;\ncall h; }");
    try {
        link_kernel(module, module.kernel("k"), provided);
        ADD_FAILURE();
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr("link.ptx:4: "));
        EXPECT_THAT(error.what(), HasSubstr("functions without a body: 'g' (line 4), 'f' (line 6)"));
    }
}

/// Adds up `live` values that are read twice: across what stands between.
std::string pressure(int live, const std::string& between) {
    std::string text = ".reg .b32 %v<99>; .reg .b64 d;\n";
    for (int i = 0; i < live; ++i) text += "ld.global.u32 %v" + std::to_string(i) + ", [d];\n";
    text += between;
    for (int i = 0; i < live; ++i) text += "st.global.u32 [d], %v" + std::to_string(i) + ";\n";
    return text;
}

TEST(AllocateRegisters, CountsWhatLivesAcrossACallTogetherWithTheCallees) {
    const PtxModule module =
        module_of(".func f {\n" + pressure(40, "") + "ret; }\n.entry k {\n" + pressure(30, "call f;\n") + "ret; }");
    const auto linked = link_kernel(module, module.kernel("k"), provided);
    EXPECT_GE(allocate_registers(*linked).count, 70U);
    // What is not needed across the call shares.
    const PtxModule apart =
        module_of(".func f {\n" + pressure(40, "") + "ret; }\n.entry k {\n" + pressure(30, "") + "call f; ret; }");
    const auto linked_apart = link_kernel(apart, apart.kernel("k"), provided);
    EXPECT_LT(allocate_registers(*linked_apart).count, 60U);
}

}  // namespace
}  // namespace stcsim
