#include "base/divisor.h"

#include <array>
#include <cstdint>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/aligned_vector.h"

namespace stcsim::testing {
namespace {

RC_GTEST_PROP(Divisor, DividesAsTheProcessorDoes, (std::uint64_t number, std::uint64_t any)) {
    // Divisors and numbers of all magnitudes, not only large ones.
    const std::uint64_t divisor = std::max<std::uint64_t>(1, any >> *rc::gen::inRange(0, 64));
    const std::uint64_t divided = number >> *rc::gen::inRange(0, 64);
    RC_ASSERT(Divisor(divisor).quotient(divided) == divided / divisor);
    RC_ASSERT(Divisor(divisor).remainder(divided) == divided % divisor);
}

TEST(Divisor, IsExactBesideMultiplesAtTheEndsOfEachWayToDivide) {
    constexpr std::array<std::uint64_t, 10> divisors{1,     3,           40,          10240,       65535,
                                                     65537, 0x7FFF'FFFF, 0x8000'0000, 0x8000'0001, ~std::uint64_t{0}};
    constexpr std::array<std::uint64_t, 4> limits{0x7FFF'FFFF, 0xFFFF'FFFF, 0x1'0000'0000, ~std::uint64_t{0}};
    for (const std::uint64_t divisor : divisors) {
        const Divisor by(divisor);
        for (const std::uint64_t limit : limits) {
            const std::uint64_t multiple = limit / divisor * divisor;
            for (const std::uint64_t number : {multiple, multiple - 1, multiple + 1, limit}) {
                EXPECT_EQ(by.quotient(number), number / divisor) << number << " / " << divisor;
            }
        }
    }
}

TEST(AlignedVector, StartsOnALineOfTheHostsCache) {
    for (const std::size_t size : {1U, 7U, 1000U}) {
        const AlignedVector<std::uint32_t> vector(size);
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(vector.data()) % 64, 0U) << size;
    }
}

}  // namespace
}  // namespace stcsim::testing
