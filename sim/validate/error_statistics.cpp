#include "validate/error_statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace stcsim {
namespace {

/// The middle value, or the mean of the two middle ones. 0 for no values.
double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const std::size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// The rank of each value from 0 on, equal values at the mean of their ranks.
std::vector<double> ranks(const std::vector<double>& values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
    std::vector<double> ranks(values.size());
    for (std::size_t first = 0; first < order.size();) {
        std::size_t end = first;
        while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
        const double shared = static_cast<double>(first + end - 1) / 2;
        for (; first < end; ++first) ranks[order[first]] = shared;
    }
    return ranks;
}

/// Pearson's coefficient; nothing where one side does not vary.
std::optional<double> correlation(const std::vector<double>& x, const std::vector<double>& y) {
    const auto count = static_cast<double>(x.size());
    const double mean_x = std::accumulate(x.begin(), x.end(), 0.0) / count;
    const double mean_y = std::accumulate(y.begin(), y.end(), 0.0) / count;
    double xx = 0;
    double yy = 0;
    double xy = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        xx += (x[i] - mean_x) * (x[i] - mean_x);
        yy += (y[i] - mean_y) * (y[i] - mean_y);
        xy += (x[i] - mean_x) * (y[i] - mean_y);
    }
    if (xx <= 0 || yy <= 0) return std::nullopt;
    return xy / std::sqrt(xx * yy);
}

}  // namespace

double relative_error(const MeasuredPair& pair) {
    return pair.predicted / pair.measured - 1;
}

ErrorStatistics error_statistics(std::span<const MeasuredPair> pairs) {
    std::vector<double> measured;
    std::vector<double> predicted;
    std::vector<double> errors;
    std::vector<double> absolute;
    for (const MeasuredPair& pair : pairs) {
        measured.push_back(pair.measured);
        predicted.push_back(pair.predicted);
        errors.push_back(relative_error(pair));
        absolute.push_back(std::abs(errors.back()));
    }
    ErrorStatistics statistics;
    statistics.points = pairs.size();
    if (pairs.empty()) return statistics;
    statistics.mean_absolute =
        std::accumulate(absolute.begin(), absolute.end(), 0.0) / static_cast<double>(absolute.size());
    statistics.median_absolute = median(std::move(absolute));
    statistics.median_signed = median(std::move(errors));
    statistics.rank_correlation = correlation(ranks(measured), ranks(predicted));
    return statistics;
}

}  // namespace stcsim
