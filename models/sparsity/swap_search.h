/// Greedy swaps of columns between groups with bounded escapes from local optima (sparsity/channel_permutation.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "sparsity/column_groups.h"

namespace stcsim {

class SwapSearch {
  public:
    /// `work` bounds the maxima evaluated after the first round, `escapes` the attempts to leave a local optimum.
    SwapSearch(ColumnGroups groups, std::uint64_t work, std::uint32_t escapes, std::uint64_t seed);

    /// Searches until no swap gains and the escapes or the work are used up. Returns the column of each slot; what is
    /// kept is at least what was kept before.
    std::vector<std::uint32_t> run();

  private:
    /// The best swap known of a slot with a slot of another group.
    struct BestSwap {
        std::int64_t gain;
        std::size_t partner;
    };

    /// Makes gaining swaps until there is none.
    void descend();
    /// One round: the best swaps that do not touch a common group. Returns the groups touched.
    std::vector<std::size_t> swap_round();
    /// One attempt to leave a local optimum; undone unless it ends higher.
    void escape();
    /// Finds the best swaps anew that involve one of these groups.
    void update_swaps(const std::vector<std::size_t>& touched);
    void consider(std::size_t slot, std::size_t other);

    ColumnGroups groups_;
    std::vector<BestSwap> best_;
    std::uint64_t work_left_;
    std::uint32_t escapes_;
    std::mt19937_64 random_;
    std::vector<std::size_t> changed_;  ///< groups touched since the last local optimum, with repeats
};

}  // namespace stcsim
