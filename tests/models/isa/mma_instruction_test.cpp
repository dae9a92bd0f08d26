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
                                     Expected{"mma.sp.m16n8k32.f16.f16.f16.f16", 4, 4, 2, 2, 1},
                                     Expected{"mma.m16n8k4.f32.tf32.tf32.f32", 2, 1, 4, 4, 0},
                                     Expected{"mma.m16n8k8.f32.tf32.tf32.f32", 4, 2, 4, 4, 0},
                                     Expected{"mma.sp.m16n8k16.f32.tf32.tf32.f32", 4, 4, 4, 4, 1},
                                     Expected{"mma.m8n8k4.f64.f64.f64.f64", 2, 2, 4, 4, 0},
                                     Expected{"mma.m8n8k16.s32.s8.u8.s32", 1, 1, 2, 2, 0},
                                     Expected{"mma.m16n8k16.s32.u8.u8.s32", 2, 1, 4, 4, 0},
                                     Expected{"mma.m16n8k32.s32.u8.s8.s32", 4, 2, 4, 4, 0},
                                     Expected{"mma.sp.m16n8k64.s32.s8.s8.s32", 4, 4, 4, 4, 1},
                                     Expected{"mma.m8n8k32.s32.s4.s4.s32", 1, 1, 2, 2, 0},
                                     Expected{"mma.m16n8k64.s32.s4.u4.s32", 4, 2, 4, 4, 0},
                                     Expected{"mma.sp.m16n8k64.s32.u4.u4.s32", 2, 2, 4, 4, 1},
                                     Expected{"mma.sp.m16n8k128.s32.u4.u4.s32", 4, 4, 4, 4, 1},
                                     Expected{"mma.m8n8k128.s32.b1.b1.s32.xor.popc", 1, 1, 2, 2, 0},
                                     Expected{"mma.m16n8k128.s32.b1.b1.s32.and.popc", 2, 1, 4, 4, 0},
                                     Expected{"mma.m16n8k256.s32.b1.b1.s32.xor.popc", 4, 2, 4, 4, 0}}) {
        const MmaInstruction& instruction = mma_instruction_named(expected.name);
        EXPECT_EQ(instruction.a_registers(), expected.a) << expected.name;
        EXPECT_EQ(instruction.b_registers(), expected.b) << expected.name;
        EXPECT_EQ(instruction.c_registers(), expected.c) << expected.name;
        EXPECT_EQ(instruction.d_registers(), expected.d) << expected.name;
        EXPECT_EQ(instruction.e_registers(), expected.e) << expected.name;
    }
}

TEST(MmaInstruction, TakesOnePassForTheSmallKAndTwoForTheLarge) {
    // The assembler's schedule for sm_80: dependent latency 16 and 24, of a sparse instruction that of half its k.
    for (const char* const small :
         {"mma.m16n8k8.f32.f16.f16.f32", "mma.m16n8k8.f32.bf16.bf16.f32", "mma.m16n8k4.f32.tf32.tf32.f32",
          "mma.m16n8k16.s32.s8.s8.s32", "mma.m16n8k32.s32.s4.s4.s32", "mma.m16n8k128.s32.b1.b1.s32.xor.popc",
          "mma.sp.m16n8k16.f32.f16.f16.f32", "mma.sp.m16n8k8.f32.tf32.tf32.f32", "mma.sp.m16n8k32.s32.s8.s8.s32",
          "mma.sp.m16n8k64.s32.s4.s4.s32", "mma.m8n8k4.f64.f64.f64.f64", "mma.m8n8k16.s32.s8.s8.s32",
          "mma.m8n8k32.s32.s4.s4.s32", "mma.m8n8k128.s32.b1.b1.s32.and.popc"}) {
        EXPECT_EQ(mma_instruction_named(small).passes(), 1U) << small;
    }
    for (const char* const large :
         {"mma.m16n8k16.f32.f16.f16.f32", "mma.m16n8k16.f32.bf16.bf16.f32", "mma.m16n8k8.f32.tf32.tf32.f32",
          "mma.m16n8k32.s32.s8.s8.s32", "mma.m16n8k64.s32.s4.s4.s32", "mma.m16n8k256.s32.b1.b1.s32.xor.popc",
          "mma.sp.m16n8k32.f32.f16.f16.f32", "mma.sp.m16n8k16.f32.tf32.tf32.f32", "mma.sp.m16n8k64.s32.s8.s8.s32",
          "mma.sp.m16n8k128.s32.s4.s4.s32"}) {
        EXPECT_EQ(mma_instruction_named(large).passes(), 2U) << large;
    }
}

TEST(MmaInstruction, HasTheModifiersOfItsName) {
    const MmaInstruction& saturating = mma_instruction_named("mma.m16n8k32.satfinite.s32.s8.u8.s32");
    EXPECT_EQ(saturating.arithmetic(),
              (Arithmetic{ElementType::s8, ElementType::u8, ElementType::s32, Overflow::saturate}));
    EXPECT_EQ(mma_instruction_named("mma.m16n8k32.s32.s8.u8.s32").overflow, Overflow::wrap);
    EXPECT_EQ(mma_instruction_named("mma.m16n8k256.s32.b1.b1.s32.and.popc").bit_operation, BitOperation::and_popc);
    EXPECT_EQ(mma_instruction_named("mma.sp.m16n8k32.f32.f16.f16.f32").metadata_order, CodeOrder::any);
    EXPECT_EQ(mma_instruction_named("mma.sp::ordered_metadata.m16n8k32.f32.f16.f16.f32").metadata_order,
              CodeOrder::ascending);
    const MmaInstruction& both = mma_instruction_named("mma.sp::ordered_metadata.m16n8k128.satfinite.s32.u4.s4.s32");
    EXPECT_EQ(both.metadata_order, CodeOrder::ascending);
    EXPECT_EQ(both.overflow, Overflow::saturate);
}

TEST(MmaInstruction, NamesThatAreNotOfSm80AreUnknown) {
    for (const char* const name :
         {"mma.m8n8k4.f32.f16.f16.f32", "mma.m16n8k4.f64.f64.f64.f64", "mma.m16n8k32.satfinite.f32.f16.f16.f32",
          "mma.m16n8k256.satfinite.s32.b1.b1.s32.xor.popc", "mma.m16n8k256.s32.b1.b1.s32",
          "mma.sp.m16n8k8.f64.f64.f64.f64", "mma.m16n8k16.s32.s8.s4.s32", "mma.m16n8k8.f16.bf16.bf16.f16",
          "MMA.m16n8k16.f32.f16.f16.f32", "mma.m16n8k16.f32.f16.f16.f32 "}) {
        EXPECT_THROW(mma_instruction_named(name), InputError) << name;
    }
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

TEST(MmaInstruction, SuggestsTheModifierThatWasLeftOutOrMisplaced) {
    const auto message = [](std::string_view name) -> std::string {
        try {
            mma_instruction_named(name);
            return "found";
        } catch (const InputError& error) {
            return error.what();
        }
    };
    EXPECT_THAT(message("mma.m16n8k128.s32.b1.b1.s32.popc"), HasSubstr("mma.m16n8k128.s32.b1.b1.s32.xor.popc"));
    EXPECT_THAT(message("mma.sp::ordered.m16n8k32.f32.f16.f16.f32"),
                HasSubstr("mma.sp::ordered_metadata.m16n8k32.f32.f16.f16.f32"));
    EXPECT_THAT(message("mma.m16n8k32.s32.s8.s8.s32.satfinite"), HasSubstr("mma.m16n8k32.s32.s8.s8.s32"));
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
