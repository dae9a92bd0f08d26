#include "sparsity/channel_permutation.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "sparsity/column_groups.h"
#include "sparsity/swap_search.h"

namespace stcsim {
namespace {

/// Magnitudes above this many times the 99th percentile of those that are not zero count as that: they win their group
/// anyway, and the others keep their resolution.
constexpr float largest_over_percentile = 16;

/// The factor from magnitudes to 15 bits (14 where units are pairs), and the largest result.
struct Quantisation {
    double scale;
    double most;
};

Quantisation quantisation_of(const MagnitudeRows& magnitudes, const SparsePattern& pattern) {
    const double most = pattern.unit == 1 ? 32767 : 16383;
    std::vector<float> nonzeros;
    std::copy_if(magnitudes.values.begin(), magnitudes.values.end(), std::back_inserter(nonzeros),
                 [](float value) { return value > 0; });
    if (nonzeros.empty()) return {0, most};
    const float largest = *std::max_element(nonzeros.begin(), nonzeros.end());
    const auto percentile = nonzeros.begin() + static_cast<std::ptrdiff_t>((nonzeros.size() - 1) / 100 * 99 +
                                                                           (nonzeros.size() - 1) % 100 * 99 / 100);
    std::nth_element(nonzeros.begin(), percentile, nonzeros.end());
    return {most / static_cast<double>(std::min(largest, largest_over_percentile * *percentile)), most};
}

MagnitudeColumns section_of(const MagnitudeRows& magnitudes, std::size_t first, std::size_t columns,
                            const Quantisation& quantisation) {
    MagnitudeColumns section{magnitudes.rows, columns, std::vector<std::int16_t>(magnitudes.rows * columns)};
    for (std::size_t row = 0; row < magnitudes.rows; ++row) {
        for (std::size_t column = 0; column < columns; ++column) {
            const auto value = static_cast<double>(magnitudes.values[row * magnitudes.columns + first + column]);
            section.values[column * magnitudes.rows + row] =
                static_cast<std::int16_t>(std::lround(std::min(value * quantisation.scale, quantisation.most)));
        }
    }
    return section;
}

/// Sorts runs of `size` columns by their first column.
void sort_runs(std::span<std::uint32_t> columns, std::size_t size) {
    std::vector<std::vector<std::uint32_t>> runs;
    for (std::size_t first = 0; first < columns.size(); first += size) {
        const auto run = columns.subspan(first, size);
        runs.emplace_back(run.begin(), run.end());
    }
    std::sort(runs.begin(), runs.end());
    for (std::size_t run = 0; run < runs.size(); ++run) {
        std::copy(runs[run].begin(), runs[run].end(), columns.begin() + static_cast<std::ptrdiff_t>(run * size));
    }
}

/// The one order of columns that stands for all that give the same groups.
void sort_groups(std::span<std::uint32_t> columns, const SparsePattern& pattern) {
    for (std::size_t first = 0; first < columns.size(); first += pattern.group) {
        const auto group = columns.subspan(first, pattern.group);
        for (std::size_t unit = 0; unit < group.size(); unit += pattern.unit) {
            const auto elements = group.subspan(unit, pattern.unit);
            std::sort(elements.begin(), elements.end());
        }
        sort_runs(group, pattern.unit);
    }
    sort_runs(columns, pattern.group);
}

/// The magnitude that pruning keeps of all rows with their columns in this order.
double kept_with(const MagnitudeRows& magnitudes, const SparsePattern& pattern,
                 std::span<const std::uint32_t> permutation) {
    double kept = 0;
    std::vector<double> units(pattern.positions());
    for (std::size_t row = 0; row < magnitudes.rows; ++row) {
        const float* const values = &magnitudes.values[row * magnitudes.columns];
        for (std::size_t first = 0; first < magnitudes.columns; first += pattern.group) {
            std::fill(units.begin(), units.end(), 0);
            for (std::size_t i = 0; i < pattern.group; ++i) {
                units[i / pattern.unit] += static_cast<double>(values[permutation[first + i]]);
            }
            std::partial_sort(units.begin(), units.begin() + pattern.codes(), units.end(), std::greater<>{});
            kept = std::accumulate(units.begin(), units.begin() + pattern.codes(), kept);
        }
    }
    return kept;
}

}  // namespace

std::size_t sampled_rows(std::size_t rows, std::size_t columns, const PermutationSearch& search) {
    const std::uint64_t width = std::max<std::uint64_t>(1, std::min(columns, search.section));
    const std::uint64_t most =
        std::min(search.first_round / (width * width), search.sample / std::max<std::size_t>(1, columns));
    return std::min<std::size_t>(rows, std::max<std::uint64_t>(1, most));
}

std::size_t sampled_row(std::size_t sample, std::size_t samples, std::size_t rows) {
    // Without a product that could overflow.
    return sample * (rows / samples) + sample * (rows % samples) / samples;
}

std::vector<std::uint32_t> find_channel_permutation(const MagnitudeRows& magnitudes, const SparsePattern& pattern,
                                                    const PermutationSearch& search) {
    STCSIM_ASSERT(magnitudes.columns % pattern.group == 0 && search.section % pattern.group == 0 &&
                  magnitudes.values.size() == magnitudes.rows * magnitudes.columns);
    const Quantisation quantisation = quantisation_of(magnitudes, pattern);
    std::vector<std::uint32_t> permutation(magnitudes.columns);
    for (std::size_t first = 0; first < magnitudes.columns; first += search.section) {
        const std::size_t columns = std::min(search.section, magnitudes.columns - first);
        ColumnGroups groups(section_of(magnitudes, first, columns, quantisation), pattern);
        const std::vector<std::uint32_t> found =
            SwapSearch(std::move(groups), search.work, search.escapes, search.seed).run();
        const std::span section(permutation.begin() + static_cast<std::ptrdiff_t>(first), columns);
        for (std::size_t j = 0; j < columns; ++j) section[j] = found[j] + static_cast<std::uint32_t>(first);
        sort_groups(section, pattern);
    }
    std::vector<std::uint32_t> identity(magnitudes.columns);
    std::iota(identity.begin(), identity.end(), 0U);
    // The search works on rounded magnitudes: whether it has gained anything is decided on the magnitudes themselves.
    const bool gained = kept_with(magnitudes, pattern, permutation) > kept_with(magnitudes, pattern, identity);
    return gained ? permutation : identity;
}

}  // namespace stcsim
