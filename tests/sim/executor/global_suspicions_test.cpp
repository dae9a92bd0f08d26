#include "executor/global_suspicions.h"

#include <cstdint>
#include <map>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kernel_fixture.h"

namespace stcsim {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class SuspiciousBytes : public testing::Test {
  protected:
    std::uint32_t origin(std::uint32_t line, std::uint64_t cta = 0, std::uint64_t launch = 0) {
        Finding finding;
        finding.where.line = line;
        finding.cta = CtaIndex(cta);
        return bytes_.origin_of(kernel_.decoded(), launch, finding);
    }

    TestKernel kernel_{""};
    GlobalSuspicions bytes_;
};

TEST_F(SuspiciousBytes, HaveOneOriginPerLineAndCta) {
    EXPECT_EQ(origin(1), origin(1));
    EXPECT_NE(origin(1), origin(2));
    EXPECT_NE(origin(1), origin(1, 7));
    EXPECT_EQ(bytes_.origins(), 3U);
}

TEST_F(SuspiciousBytes, AreFoundOnceAndTakeNoMemoryAfterwards) {
    constexpr std::uint64_t across_pages = 4096 - 3;
    bytes_.mark(across_pages, 8, origin(1));
    bytes_.mark(across_pages + 4, 2, origin(2));
    const auto found = bytes_.take(0, 1U << 20U);
    ASSERT_THAT(found, SizeIs(2));
    EXPECT_EQ(found[0].origin, origin(1));
    EXPECT_EQ(found[0].first, across_pages);
    EXPECT_EQ(found[0].bytes, 6U);
    EXPECT_EQ(found[1].first, across_pages + 4);
    EXPECT_EQ(found[1].bytes, 2U);
    EXPECT_TRUE(bytes_.empty());
    EXPECT_THAT(bytes_.take(0, 1U << 20U), IsEmpty());
}

TEST_F(SuspiciousBytes, AreUnreadUntilAKernelReadsThem) {
    bytes_.mark(100, 4, origin(1, 0, 5));
    bytes_.mark(200, 4, origin(2, 0, 5));
    EXPECT_THAT(bytes_.unread(4), IsEmpty());
    EXPECT_THAT(bytes_.unread(5), SizeIs(2));
    EXPECT_EQ(bytes_.read(102, 8), origin(1, 0, 5));
    EXPECT_EQ(bytes_.read(300, 8), GlobalSuspicions::none);
    const auto left = bytes_.unread(5);
    ASSERT_THAT(left, SizeIs(2));
    EXPECT_EQ(left[0].bytes, 2U);
    EXPECT_THAT(bytes_.take(100, 4), SizeIs(1));
}

RC_GTEST_FIXTURE_PROP(SuspiciousBytes, FollowEveryStoreAndCopy, ()) {
    constexpr std::uint64_t size = 3 * 4096;
    std::vector<std::uint32_t> expected(size, GlobalSuspicions::none);
    const auto steps = *rc::gen::inRange(1, 12);
    for (int step = 0; step < steps; ++step) {
        const auto bytes = *rc::gen::inRange<std::uint64_t>(1, 6000);
        const auto at = *rc::gen::inRange<std::uint64_t>(0, size - bytes + 1);
        switch (*rc::gen::inRange(0, 3)) {
            case 0: {
                const std::uint32_t number = origin(static_cast<std::uint32_t>(*rc::gen::inRange(1, 4)));
                bytes_.mark(at, bytes, number);
                std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(at), bytes, number);
                break;
            }
            case 1:
                bytes_.clear(at, bytes);
                std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(at), bytes, GlobalSuspicions::none);
                break;
            default: {
                const auto from = *rc::gen::inRange<std::uint64_t>(0, size - bytes + 1);
                bytes_.copy(at, from, bytes);
                std::memmove(expected.data() + at, expected.data() + from, bytes * sizeof expected[0]);
            }
        }
    }
    for (std::uint64_t at = 0; at < size; ++at) RC_ASSERT(bytes_.read(at, 1) == expected[at]);
    bytes_.clear(0, size);
    RC_ASSERT(bytes_.empty());
}

}  // namespace
}  // namespace stcsim
