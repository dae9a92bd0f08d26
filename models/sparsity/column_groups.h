/// The columns of a matrix dealt out to groups, with what pruning keeps of each group and what a swap of two columns
/// would gain: the arithmetic of the search in sparsity/channel_permutation.h, which explains it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "numerics/sparse_pattern.h"

namespace stcsim {

/// Columns of magnitudes, each contiguous: value (column, row) is at [column * rows + row]. The sum of the elements of
/// a unit fits 15 bits.
struct MagnitudeColumns {
    std::size_t rows;
    std::size_t columns;
    std::vector<std::int16_t> values;
};

/// Slot s of group s / pattern.group holds one column. At first slot s holds column s.
class ColumnGroups {
  public:
    /// The number of columns is a multiple of the pattern's group, or an invariant breaks.
    ColumnGroups(MagnitudeColumns magnitudes, const SparsePattern& pattern);

    [[nodiscard]] std::size_t slots() const { return column_at_.size(); }
    [[nodiscard]] std::size_t groups() const { return kept_.size(); }
    [[nodiscard]] std::size_t rows() const { return magnitudes_.rows; }
    [[nodiscard]] const SparsePattern& pattern() const { return pattern_; }
    [[nodiscard]] std::size_t group_of(std::size_t slot) const { return slot / pattern_.group; }

    /// The column that each slot holds.
    [[nodiscard]] std::span<const std::uint32_t> columns() const { return column_at_; }

    /// The magnitude that pruning keeps of all groups.
    [[nodiscard]] std::int64_t kept() const;

    /// What kept() would gain if the columns of two slots of different groups changed places. Takes 2 x rows maxima.
    [[nodiscard]] std::int64_t gain(std::size_t slot, std::size_t other) const;

    /// Exchanges columns so that the slots of a group hold these, and updates what depends on the group.
    void assign(std::size_t group, std::span<const std::uint32_t> columns);

    /// Lets two slots of different groups exchange their columns.
    void swap(std::size_t slot, std::size_t other);

    /// Pairs the columns of a group anew (4:8) while a swap within the group gains; returns whether anything changed.
    bool pair_anew(std::size_t group);

  private:
    [[nodiscard]] const std::int16_t* column(std::size_t slot) const {
        return magnitudes_.values.data() + column_at_[slot] * magnitudes_.rows;
    }
    /// The sums of a group's units in one row.
    void unit_sums(std::size_t group, std::size_t row, std::int32_t* sums) const;
    [[nodiscard]] std::int64_t kept_of(std::size_t group) const;
    void update(std::size_t group);

    MagnitudeColumns magnitudes_;
    SparsePattern pattern_;
    std::vector<std::uint32_t> column_at_;
    std::vector<std::int64_t> kept_;  ///< of each group
    /// With column v in the slot, its group keeps base_ + sum over rows of max(rest_, v).
    std::vector<std::int64_t> base_;
    std::vector<std::int16_t> rest_;  ///< [slot * rows + row]
};

}  // namespace stcsim
