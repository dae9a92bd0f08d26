#include "validate/error_groups.h"

#include <algorithm>

namespace stcsim {

std::vector<ErrorGroup> error_groups(std::span<const ValidatedPoint> points) {
    std::vector<ErrorGroup> groups;
    std::vector<std::vector<MeasuredPair>> pairs;
    for (const ValidatedPoint& validated : points) {
        const ReferencePoint& point = validated.point;
        auto group = std::ranges::find_if(groups, [&](const ErrorGroup& known) { return known.holds(point); });
        if (group == groups.end()) {
            pairs.emplace_back();
            group = groups.insert(groups.end(), {point.set, point.type, point.figure, point.unit, 0, {}});
        }
        if (validated.counts()) {
            pairs[static_cast<std::size_t>(group - groups.begin())].push_back(
                {point.measured, *validated.prediction.value});
        } else {
            ++group->left_out;
        }
    }
    for (std::size_t i = 0; i < groups.size(); ++i) groups[i].statistics = error_statistics(pairs[i]);
    return groups;
}

}  // namespace stcsim
