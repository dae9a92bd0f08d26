#include "base/near_names.h"

#include <algorithm>
#include <utility>

namespace stcsim {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Three rows of the table: distances of all prefixes of b to the prefixes of a of length i - 2, i - 1 and i.
    std::vector<std::size_t> before_last(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::swap(before_last, last);
        std::swap(last, row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substitution = last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, substitution});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before_last[j - 2] + 1);
            }
        }
    }
    return row[b.size()];
}

std::vector<std::string> near_names(std::string_view wanted, std::span<const std::string> known, std::size_t most) {
    std::vector<std::pair<std::size_t, std::size_t>> ranked;  // distance, position in `known`
    for (std::size_t i = 0; i < known.size(); ++i) {
        const std::size_t distance = edit_distance(wanted, known[i]);
        if (2 * distance <= std::max(wanted.size(), known[i].size())) ranked.emplace_back(distance, i);
    }
    std::ranges::sort(ranked);
    std::vector<std::string> nearest;
    for (const auto& [distance, i] : ranked) {
        if (nearest.size() == most) break;
        nearest.push_back(known[i]);
    }
    return nearest;
}

}  // namespace stcsim
