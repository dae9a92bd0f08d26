#include "base/recycled.h"

#include <memory>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace stcsim {
namespace {

struct Numbered : Recycled<Numbered> {
    explicit Numbered(int value) : number(value) {}
    int number;
};

TEST(Recycled, AnObjectTakesThePlaceOfAFreedOne) {
    const void* const place = std::make_unique<Numbered>(1).get();
    EXPECT_EQ(std::make_unique<Numbered>(2).get(), place);
}

TEST(Recycled, LivingObjectsHavePlacesOfTheirOwn) {
    std::vector<std::unique_ptr<Numbered>> objects;
    std::set<const Numbered*> places;
    for (int i = 0; i < 100; ++i) places.insert(objects.emplace_back(std::make_unique<Numbered>(i)).get());
    EXPECT_EQ(places.size(), 100U);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(objects[static_cast<std::size_t>(i)]->number, i);
}

TEST(Recycled, AnObjectOfAThreadThatHasEndedCanBeUsedAndFreed) {
    std::unique_ptr<Numbered> object;
    std::thread([&] { object = std::make_unique<Numbered>(7); }).join();
    EXPECT_EQ(object->number, 7);
    object.reset();
    EXPECT_EQ(std::make_unique<Numbered>(8)->number, 8);
}

}  // namespace
}  // namespace stcsim
