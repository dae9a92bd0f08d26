#include "base/construction_order.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace stcsim {
namespace {

std::string order_with(std::uint64_t seed) {
    std::string order;
    std::vector<std::function<void()>> constructions;
    for (char name = 'a'; name <= 'j'; ++name) constructions.emplace_back([&order, name] { order += name; });
    construct_in_order(std::move(constructions), seed);
    return order;
}

TEST(ConstructionOrder, IsAsGivenForSeedZero) {
    EXPECT_EQ(order_with(0), "abcdefghij");
}

TEST(ConstructionOrder, IsAnotherForEverySeedAndConstructsEachPartOnce) {
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
        std::string order = order_with(seed);
        EXPECT_NE(order, order_with(0));
        EXPECT_NE(order, order_with(seed + 1));
        EXPECT_EQ(order, order_with(seed));
        std::ranges::sort(order);
        EXPECT_EQ(order, order_with(0));
    }
}

}  // namespace
}  // namespace stcsim
