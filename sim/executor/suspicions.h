/// Findings that count only if the program uses what they make undefined.
///
/// A tile that reaches past the edge of a matrix multiplies whatever shared memory holds there and never stores the
/// result: correct, and usual in libraries. So an mma with undefined operands makes the rows and columns of D that
/// depend on them undefined, under a suspicion, which goes where such values go: through registers, shared and global
/// memory (global_suspicions.h). It becomes a finding when the host reads one.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "executor/finding.h"
#include "executor/global_suspicions.h"

namespace stcsim {

/// Those of a CTA.
class Suspicions {
  public:
    static constexpr std::uint32_t none = 0;

    struct Entry {
        Finding finding;
        std::uint32_t origin = GlobalSuspicions::none;  ///< in global memory, if such values were stored or loaded
    };

    /// The number of the suspicion of this kind at this line of PTX, from 1 on; `make` is asked for the finding if it
    /// is new.
    template <typename Make>
    std::uint32_t number_of(FindingKind kind, std::uint32_t line, Make make) {
        std::uint32_t& number = numbers_[{kind, line}];
        if (number == none) number = add({make(), GlobalSuspicions::none});
        return number;
    }
    /// The number of a suspicion that came with values from global memory.
    std::uint32_t number_of_origin(std::uint32_t origin, const Finding& finding) {
        std::uint32_t& number = numbers_of_origins_[origin];
        if (number == none) number = add({finding, origin});
        return number;
    }

    [[nodiscard]] Entry& entry(std::uint32_t number) { return entries_[number - 1]; }

  private:
    std::uint32_t add(Entry entry) {
        entries_.push_back(std::move(entry));
        return static_cast<std::uint32_t>(entries_.size());
    }

    std::vector<Entry> entries_;
    std::map<std::pair<FindingKind, std::uint32_t>, std::uint32_t> numbers_;
    std::map<std::uint32_t, std::uint32_t> numbers_of_origins_;
};

}  // namespace stcsim
