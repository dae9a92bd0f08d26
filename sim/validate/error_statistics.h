/// How far predictions are from measurements.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace stcsim {

struct MeasuredPair {
    double measured;  ///< above zero
    double predicted;
};

/// Relative errors are predicted / measured - 1. All zero for no pairs.
struct ErrorStatistics {
    std::size_t points = 0;
    double median_absolute = 0;
    double mean_absolute = 0;
    double median_signed = 0;  ///< the bias
    /// Spearman's coefficient, ties at their mean rank; nothing for fewer than two different values on either side.
    std::optional<double> rank_correlation;
};

ErrorStatistics error_statistics(std::span<const MeasuredPair> pairs);

/// predicted / measured - 1.
double relative_error(const MeasuredPair& pair);

}  // namespace stcsim
