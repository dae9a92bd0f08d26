#include "cuda/demangled_name.h"

#include <string>

#include <gtest/gtest.h>

namespace stcsim {
namespace {

TEST(DemangledName, IsThatOfTheSource) {
    EXPECT_EQ(demangled("_Z3addPKfPf"), "add(float const*, float*)");
    EXPECT_EQ(demangled("plain_name"), "plain_name");
    EXPECT_EQ(demangled("_Zwrong"), "_Zwrong");
}

/// `a::long<b::kind<(b::mode)1>, 16, true, a, a, ...>(...)`: identifiers of more than 1024 characters together, and
/// each form of a literal, a repeated type and a nested name of which the last part is what follows from a parameter.
TEST(DemangledName, IsThatOfTheSourceHoweverLongItsIdentifiersAre) {
    const std::string words(400, 'w');
    const std::string kind(400, 'k');
    const std::string name(400, 'n');
    const std::string symbol =
        "_ZN1a400" + name + "IN1b400" + kind + "ILNS1_400" + words + "E1EEELi16ELb1ES4_S_EEvNT_6ParamsEPKf";
    ASSERT_GT(symbol.size(), 1024U);
    const std::string argument = "b::" + kind + "<(b::" + words + ")1>";
    EXPECT_EQ(demangled(symbol), "void a::" + name + "<" + argument + ", 16, true, " + argument + ", a>(" + argument +
                                     "::Params, float const*)");
}

TEST(DemangledName, NamesTheOutermostOfWhatIsTooLong) {
    std::string symbol = "_ZN7library6KernelINS_6matrix7ProductI";
    for (int i = 0; i < 2000; ++i) symbol += "Li16E";
    EXPECT_EQ(demangled(symbol + "EEEEvv"), "library::Kernel<library::matrix::Product<...>, ...>");
}

}  // namespace
}  // namespace stcsim
