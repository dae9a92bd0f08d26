/// Constructs parts in a shuffled order, to prove that the order does not matter.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

namespace stcsim {

/// Calls each of `constructions` once: in the given order if `seed` is 0, else in a random one that depends on it.
inline void construct_in_order(std::vector<std::function<void()>> constructions, std::uint64_t seed) {
    if (seed != 0) {
        std::mt19937_64 random(seed);
        std::ranges::shuffle(constructions, random);
    }
    for (const auto& construct : constructions) construct();
}

}  // namespace stcsim
