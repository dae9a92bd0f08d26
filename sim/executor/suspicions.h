/// Findings that count only if the kernel uses what they make undefined.
///
/// A tile that reaches past the edge of a matrix multiplies whatever shared memory holds there and never stores the
/// result: correct, and usual in libraries. So an mma with undefined operands makes the rows and columns of D that
/// depend on them undefined, under a suspicion; it becomes a finding when such a value reaches global memory.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "executor/finding.h"

namespace stcsim {

class Suspicions {
  public:
    static constexpr std::uint32_t none = 0;

    /// The number of the suspicion of this kind at this line of PTX, from 1 on; `make` is asked for the finding if it
    /// is new.
    template <typename Make>
    std::uint32_t number_of(FindingKind kind, std::uint32_t line, Make make) {
        std::uint32_t& number = numbers_[{kind, line}];
        if (number == none) {
            findings_.push_back(make());
            number = static_cast<std::uint32_t>(findings_.size());
        }
        return number;
    }

    [[nodiscard]] const Finding& finding(std::uint32_t number) const { return findings_[number - 1]; }

  private:
    std::vector<Finding> findings_;
    std::map<std::pair<FindingKind, std::uint32_t>, std::uint32_t> numbers_;
};

}  // namespace stcsim
