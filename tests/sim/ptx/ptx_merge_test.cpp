/// Modules of one program that call each other's functions.
#include "ptx/ptx_merge.h"

#include <algorithm>
#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "ptx/ptx_link.h"
#include "ptx/ptx_parser.h"

namespace stcsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::array<std::string_view, 1> provided{"vprintf"};

PtxPart part_of(const std::string& text, const std::string& name) {
    const std::string whole = ".version 8.0\n.target sm_80\n.address_size 64\n" + text;
    return {parse_ptx(whole, name), static_cast<std::uint32_t>(std::ranges::count(whole, '\n') + 1)};
}

const std::string caller =
    ".file 1 \"caller.cu\"\n.extern .func (.reg .u32 r) foo(.reg .u32 x);\n"
    ".entry k()\n{\n.reg .b32 %r<3>;\n.loc 1 7 1\ncall (%r1), foo, (%r2);\nret;\n}\n";
const std::string callee =
    ".file 1 \"callee.cu\"\n.func own() { ret; }\n.visible .func (.reg .u32 r) foo(.reg .u32 x)\n{\n"
    ".loc 1 3 1\ncall own;\nmov.u32 r, x;\nret;\n}\n";

PtxModule merged(const std::string& first, const std::string& second) {
    std::vector<PtxPart> parts;
    parts.push_back(part_of(first, "first.ptx"));
    parts.push_back(part_of(second, "second.ptx"));
    return merge_modules(std::move(parts));
}

TEST(MergeModules, LinksACallWithTheFunctionOfAnotherModuleInEitherOrder) {
    for (const bool in_order : {true, false}) {
        const PtxModule module = in_order ? merged(caller, callee) : merged(callee, caller);
        const auto linked = link_kernel(module, module.kernel("k"), provided);
        ASSERT_NE(linked, nullptr);
        ASSERT_EQ(linked->functions.size(), 2U);
        EXPECT_EQ(linked->functions[0].name, "foo");
        EXPECT_EQ(linked->functions[1].name, "own");
        const PtxInstruction& call = linked->instructions.front();
        EXPECT_THAT(linked->callees(call), ElementsAre(0U));
    }
}

TEST(MergeModules, KeepsPlacesApart) {
    const PtxModule module = merged(caller, callee);
    EXPECT_EQ(module.name, "first.ptx (lines 1 to 13) with second.ptx (lines 14 to 26)");
    const PtxInstruction& call = module.kernel("k").instructions.front();
    EXPECT_EQ(call.where.line, 10U);
    EXPECT_EQ(module.source_text(call.source), "caller.cu:7");
    const auto foo = std::ranges::find_if(module.functions, [](const PtxFunction& function) {
        return function.name == "foo" && function.body != nullptr;
    });
    ASSERT_NE(foo, module.functions.end());
    EXPECT_EQ(foo->body->instructions.front().where.line, 13U + 9);
    EXPECT_EQ(module.source_text(foo->body->instructions.front().source), "callee.cu:3");
}

TEST(MergeModules, LeavesFunctionsOfTheSameNameToTheModulesThatKeepThemForThemselves) {
    // Both have a function `own`, neither visible.
    const PtxModule module = merged(
        ".func own() { trap; }\n.extern .func (.reg .u32 r) foo(.reg .u32 x);\n"
        ".entry k()\n{\n.reg .b32 %r<3>;\ncall own;\ncall (%r1), foo, (%r2);\nret;\n}\n",
        callee);
    const auto linked = link_kernel(module, module.kernel("k"), provided);
    ASSERT_EQ(linked->functions.size(), 3U);
    EXPECT_EQ(linked->instructions[linked->functions[0].first].opcode, "trap");
    EXPECT_EQ(linked->instructions[linked->functions[2].first].opcode, "ret");
}

TEST(MergeModules, DoesNotLinkWithAFunctionThatIsNotForOthers) {
    const std::string hidden = ".func (.reg .u32 r) foo(.reg .u32 x)\n{\nret;\n}\n";
    EXPECT_FALSE(needs_each_other(part_of(caller, "a").module, part_of(hidden, "b").module));
    EXPECT_TRUE(needs_each_other(part_of(caller, "a").module, part_of(callee, "b").module));
    EXPECT_TRUE(needs_each_other(part_of(callee, "a").module, part_of(caller, "b").module));
    const PtxModule module = merged(caller, hidden);
    EXPECT_THROW(link_kernel(module, module.kernel("k"), provided), InputError);
}

TEST(MergeModules, PutsAddressesOfOthersFunctionsIntoInitialValues) {
    const PtxModule module =
        merged(".extern .func (.reg .u32 r) foo(.reg .u32 x);\n.global .align 8 .u64 table[1] = {foo};\n", callee);
    const PtxInitialAddress& address = module.variables.front()->addresses.front();
    EXPECT_NE(module.functions[address.function].body, nullptr);
    EXPECT_EQ(module.functions[address.function].name, "foo");
}

}  // namespace
}  // namespace stcsim
