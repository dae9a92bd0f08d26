#include "sparsity/column_groups.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "base/error.h"

namespace stcsim {
namespace {

constexpr std::size_t most_positions = 4;
using UnitSums = std::array<std::int32_t, most_positions>;

/// The largest and second largest of a group's units, without the one at `left_out` (or of all if that is no unit).
std::pair<std::int32_t, std::int32_t> two_largest(const UnitSums& sums, std::size_t units, std::size_t left_out) {
    std::int32_t first = 0;
    std::int32_t second = 0;
    for (std::size_t u = 0; u < units; ++u) {
        if (u == left_out) continue;
        second = std::max(second, std::min(first, sums[u]));
        first = std::max(first, sums[u]);
    }
    return {first, second};
}

/// The sum of max(a[i], b[i]), all of which are from 0 to 32767: plain enough for the compiler to vectorise.
std::int64_t sum_of_maxima(const std::int16_t* a, const std::int16_t* b, std::size_t count) {
    constexpr std::size_t fits_32_bits = 32768;
    std::int64_t total = 0;
    for (std::size_t first = 0; first < count; first += fits_32_bits) {
        const std::size_t end = std::min(count, first + fits_32_bits);
        std::uint32_t sum = 0;
        for (std::size_t i = first; i < end; ++i) sum += static_cast<std::uint16_t>(std::max(a[i], b[i]));
        total += sum;
    }
    return total;
}

}  // namespace

ColumnGroups::ColumnGroups(MagnitudeColumns magnitudes, const SparsePattern& pattern)
    : magnitudes_(std::move(magnitudes)),
      pattern_(pattern),
      column_at_(magnitudes_.columns),
      kept_(magnitudes_.columns / pattern.group),
      base_(magnitudes_.columns),
      rest_(magnitudes_.columns * magnitudes_.rows) {
    STCSIM_ASSERT(magnitudes_.columns % pattern.group == 0 && pattern.positions() <= most_positions &&
                  pattern.codes() <= 2 && pattern.unit <= 2);
    std::iota(column_at_.begin(), column_at_.end(), 0U);
    for (std::size_t group = 0; group < groups(); ++group) update(group);
}

std::int64_t ColumnGroups::kept() const {
    return std::accumulate(kept_.begin(), kept_.end(), std::int64_t{0});
}

std::int64_t ColumnGroups::gain(std::size_t slot, std::size_t other) const {
    const std::int16_t* const rest = rest_.data() + slot * rows();
    const std::int16_t* const rest_of_other = rest_.data() + other * rows();
    const std::int64_t after = base_[slot] + sum_of_maxima(rest, column(other), rows()) + base_[other] +
                               sum_of_maxima(rest_of_other, column(slot), rows());
    return after - kept_[group_of(slot)] - kept_[group_of(other)];
}

void ColumnGroups::assign(std::size_t group, std::span<const std::uint32_t> columns) {
    std::copy(columns.begin(), columns.end(), column_at_.begin() + static_cast<std::ptrdiff_t>(group * pattern_.group));
    update(group);
}

void ColumnGroups::swap(std::size_t slot, std::size_t other) {
    std::swap(column_at_[slot], column_at_[other]);
    update(group_of(slot));
    update(group_of(other));
}

bool ColumnGroups::pair_anew(std::size_t group) {
    const std::size_t first = group * pattern_.group;
    bool changed = false;
    for (bool again = pattern_.unit > 1; again;) {
        again = false;
        for (std::size_t a = first; a < first + pattern_.group; ++a) {
            for (std::size_t b = (a / pattern_.unit + 1) * pattern_.unit; b < first + pattern_.group; ++b) {
                std::swap(column_at_[a], column_at_[b]);
                const std::int64_t kept = kept_of(group);
                if (kept > kept_[group]) {
                    kept_[group] = kept;
                    changed = again = true;
                } else {
                    std::swap(column_at_[a], column_at_[b]);
                }
            }
        }
    }
    if (changed) update(group);
    return changed;
}

void ColumnGroups::unit_sums(std::size_t group, std::size_t row, std::int32_t* sums) const {
    for (std::size_t u = 0; u < pattern_.positions(); ++u) {
        const std::size_t slot = group * pattern_.group + u * pattern_.unit;
        sums[u] = column(slot)[row] + (pattern_.unit == 2 ? column(slot + 1)[row] : 0);
    }
}

std::int64_t ColumnGroups::kept_of(std::size_t group) const {
    std::int64_t kept = 0;
    for (std::size_t row = 0; row < rows(); ++row) {
        UnitSums sums{};
        unit_sums(group, row, sums.data());
        const auto [first, second] = two_largest(sums, pattern_.positions(), most_positions);
        kept += first + (pattern_.codes() == 2 ? second : 0);
    }
    return kept;
}

void ColumnGroups::update(std::size_t group) {
    kept_[group] = kept_of(group);
    for (std::size_t slot = group * pattern_.group; slot < (group + 1) * pattern_.group; ++slot) base_[slot] = 0;
    for (std::size_t row = 0; row < rows(); ++row) {
        UnitSums sums{};
        unit_sums(group, row, sums.data());
        for (std::size_t u = 0; u < pattern_.positions(); ++u) {
            const auto [first, second] = two_largest(sums, pattern_.positions(), u);
            for (std::size_t i = 0; i < pattern_.unit; ++i) {
                const std::size_t slot = group * pattern_.group + u * pattern_.unit + i;
                const std::int32_t partner = sums[u] - column(slot)[row];
                rest_[slot * rows() + row] =
                    static_cast<std::int16_t>((pattern_.codes() == 2 ? second : first) - partner);
                base_[slot] += partner + (pattern_.codes() == 2 ? first : 0);
            }
        }
    }
}

}  // namespace stcsim
