#include "base/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stcsim {
namespace {

using ::testing::HasSubstr;

TEST(InputError, MessageNamesFileLineFoundAndExpected) {
    const InputError error({"traces/bert.csv", 12}, "\"f12\"", "an element type such as f16");
    EXPECT_STREQ(error.what(), "traces/bert.csv:12: found \"f12\", expected an element type such as f16");
}

TEST(InputError, MessageWithoutLineNamesTheFileAsAWhole) {
    const InputError error({"gpu.toml", 0}, "nothing", "a description");
    EXPECT_STREQ(error.what(), "gpu.toml: found nothing, expected a description");
}

TEST(InputError, MessageWithoutFileStartsWithWhatWasFound) {
    const InputError error({}, "--gemm 4x4", "MxNxK");
    EXPECT_STREQ(error.what(), "found --gemm 4x4, expected MxNxK");
}

TEST(InputError, KeepsItsParts) {
    const InputError error({"a.csv", 3}, "this", "that");
    EXPECT_EQ(error.where().file, "a.csv");
    EXPECT_EQ(error.where().line, 3U);
    EXPECT_EQ(error.found(), "this");
    EXPECT_EQ(error.expected(), "that");
}

TEST(Invariant, ThatHoldsDoesNothing) {
    EXPECT_NO_THROW(STCSIM_ASSERT(1 + 1 == 2));
}

TEST(Invariant, ThatIsBrokenNamesConditionAndPlace) {
    try {
        STCSIM_ASSERT(1 + 1 == 3);
        FAIL() << "nothing was thrown";
    } catch (const InvariantError& error) {
        EXPECT_THAT(error.what(), HasSubstr("1 + 1 == 3"));
        EXPECT_THAT(error.what(), HasSubstr("error_test.cpp"));
    }
}

}  // namespace
}  // namespace stcsim
