#include "isa/mma_instruction.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/near_names.h"

namespace stcsim::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(MmaInstruction, IsFoundByItsOwnName) {
    std::set<std::string> names;
    for (const MmaInstruction& instruction : mma_instructions()) {
        EXPECT_EQ(&mma_instruction_named(instruction.name()), &instruction);
        names.insert(instruction.name());
    }
    EXPECT_EQ(names.size(), mma_instructions().size());
}

TEST(MmaInstruction, HasTheRegistersOfThePtxIsa) {
    struct Expected {
        const char* name;
        std::uint32_t a, b, c, d, e;
    };
    // PTX ISA, fragment descriptions of mma and mma.sp.
    for (const Expected& expected : {Expected{"mma.m16n8k8.f32.f16.f16.f32", 2, 1, 4, 4, 0},
                                     Expected{"mma.m16n8k16.f32.bf16.bf16.f32", 4, 2, 4, 4, 0},
                                     Expected{"mma.m16n8k16.f16.f16.f16.f16", 4, 2, 2, 2, 0},
                                     Expected{"mma.sp.m16n8k16.f32.f16.f16.f32", 2, 2, 4, 4, 1},
                                     Expected{"mma.sp.m16n8k32.f32.bf16.bf16.f32", 4, 4, 4, 4, 1},
                                     Expected{"mma.sp.m16n8k32.f16.f16.f16.f16", 4, 4, 2, 2, 1}}) {
        const MmaInstruction& instruction = mma_instruction_named(expected.name);
        EXPECT_EQ(instruction.a_registers(), expected.a) << expected.name;
        EXPECT_EQ(instruction.b_registers(), expected.b) << expected.name;
        EXPECT_EQ(instruction.c_registers(), expected.c) << expected.name;
        EXPECT_EQ(instruction.d_registers(), expected.d) << expected.name;
        EXPECT_EQ(instruction.e_registers(), expected.e) << expected.name;
    }
}

TEST(MmaInstruction, TakesAsManyPassesAsTheDenseOneOfHalfTheK) {
    EXPECT_EQ(mma_instruction_named("mma.m16n8k8.f32.f16.f16.f32").passes(), 1U);
    EXPECT_EQ(mma_instruction_named("mma.m16n8k16.f32.f16.f16.f32").passes(), 2U);
    EXPECT_EQ(mma_instruction_named("mma.sp.m16n8k16.f32.f16.f16.f32").passes(), 1U);
    EXPECT_EQ(mma_instruction_named("mma.sp.m16n8k32.f32.f16.f16.f32").passes(), 2U);
}

TEST(MmaInstruction, SuggestsTheNearestNames) {
    try {
        mma_instruction_named("mma.m16n8k61.f32.f16.f16.f32");
        FAIL() << "found an instruction that does not exist";
    } catch (const InputError& error) {
        EXPECT_THAT(error.what(), HasSubstr("mma.m16n8k61.f32.f16.f16.f32"));
        EXPECT_THAT(error.what(), HasSubstr("such as mma.m16n8k16.f32.f16.f16.f32"));
    }
    EXPECT_THROW(mma_instruction_named(""), InputError);
}

TEST(NearNames, CountsInsertionsDeletionsSubstitutionsAndExchanges) {
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("abc", "abc"), 0U);
    EXPECT_EQ(edit_distance("abcd", "abd"), 1U);
    EXPECT_EQ(edit_distance("abc", "axc"), 1U);
    EXPECT_EQ(edit_distance("abc", "acb"), 1U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(NearNames, AreSortedByDistanceAndLeaveOutStrangers) {
    const std::vector<std::string> known{"capacity", "latency", "far_latency", "lattice", "banks"};
    EXPECT_THAT(near_names("latencyy", known), ElementsAre("latency", "lattice", "far_latency"));
    EXPECT_THAT(near_names("latencyy", known, 1), ElementsAre("latency"));
    EXPECT_THAT(near_names("zzzzzz", known), IsEmpty());
}

}  // namespace
}  // namespace stcsim::testing
