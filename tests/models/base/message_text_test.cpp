#include "base/message_text.h"

#include <gtest/gtest.h>

namespace stcsim {
namespace {

TEST(QuotedForMessage, EscapesWhatATerminalWouldObey) {
    EXPECT_EQ(quoted_for_message("a\x1B[0m\xFF"), "'a\\x1B[0m\\xFF'");
    EXPECT_EQ(quoted_for_message("π"), "'π'");
}

}  // namespace
}  // namespace stcsim
