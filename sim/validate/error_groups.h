/// The errors of a validation, by what should be judged apart.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "validate/error_statistics.h"
#include "validate/validation.h"

namespace stcsim {

/// The points of one set, type and figure.
struct ErrorGroup {
    ReferenceSet set;
    std::string type;
    std::string figure;
    std::string unit;
    std::size_t left_out = 0;  ///< points that do not count: not predicted, or doubtful
    ErrorStatistics statistics;

    /// Whether the point is one of the group.
    [[nodiscard]] bool holds(const ReferencePoint& point) const {
        return set == point.set && type == point.type && figure == point.figure;
    }
};

/// In the order in which the groups first occur.
std::vector<ErrorGroup> error_groups(std::span<const ValidatedPoint> points);

}  // namespace stcsim
