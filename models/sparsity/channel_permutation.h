/// Permutation of the columns of A (channels, k) that raises the magnitude that pruning keeps.
///
/// Pruning loses least where large elements of a row do not share a group. Which columns share one is free: with the
/// rows of B in the same order the product is the same, A[:, p] x B[p, :] = A x B. The method is that of Pool and Yu,
/// "Channel Permutations for N:M Sparsity" (NeurIPS 2021), and of arXiv 2104.08378: swap columns between groups
/// greedily as long as the kept magnitude grows, then make a bounded number of attempts to escape from the local
/// optimum.
///
/// Ours evaluates a swap without pruning again. In one row, let t1 >= t2 be the largest units of a group without the
/// column that leaves it: with v in its place the group keeps t1 + max(t2, v). (In 1:2 it keeps max(t1, v); in 4:8,
/// where the column's partner p stays, t1 + max(t2, p + v).) With t2 tabulated for each column, the gain of a swap is
/// two sums of maxima over the rows. Each round makes the best swaps that do not touch a common group and updates what
/// involves the touched groups. Magnitudes are rounded to 14 or 15 bits, so sums are exact and the result depends on
/// nothing but the input.
///
/// Cost: the first round takes rows x columns^2 maxima, all later ones together at most `work`: some seconds. Rows
/// beyond sampled_rows() are left out (evenly spaced ones stay); beyond `section` columns each section of so many is
/// permuted in itself. Memory: about 12 bytes for each magnitude given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "numerics/sparse_pattern.h"

namespace stcsim {

/// Magnitudes of the rows that the search looks at.
struct MagnitudeRows {
    std::size_t rows;
    std::size_t columns;
    std::vector<float> values;  ///< row-major, finite and not negative
};

struct PermutationSearch {
    std::uint64_t first_round = 4'000'000'000;  ///< maxima of the first round, which bound the rows sampled
    std::size_t sample = 16'777'216;            ///< magnitudes looked at, which bounds the rows sampled too
    std::uint64_t work = 12'000'000'000;        ///< maxima of all later rounds of a section
    std::uint32_t escapes = 1000;               ///< attempts to leave a local optimum, in each section
    std::size_t section = 8192;                 ///< columns, a multiple of 8
    std::uint64_t seed = 1;                     ///< of the escapes
};

/// How many of `rows` rows the search looks at for `columns` columns.
std::size_t sampled_rows(std::size_t rows, std::size_t columns, const PermutationSearch& search);

/// The row that takes the place `sample` of `samples`, evenly spaced over `rows`.
std::size_t sampled_row(std::size_t sample, std::size_t samples, std::size_t rows);

/// A permutation p of the columns: column j of the permuted matrix is column p[j] of this one. It keeps more of the
/// rows given than the identity does, or it is the identity. Columns ascend within a unit, units within a group, groups
/// within a section. `columns` and `section` are multiples of the pattern's group, or an invariant breaks.
std::vector<std::uint32_t> find_channel_permutation(const MagnitudeRows& magnitudes, const SparsePattern& pattern,
                                                    const PermutationSearch& search);

/// Row-major rows with their columns permuted: element j of a row becomes element p[j].
template <typename Element>
std::vector<Element> permute_columns(std::span<const Element> rows, std::span<const std::uint32_t> permutation) {
    std::vector<Element> permuted(rows.size());
    for (std::size_t first = 0; first < rows.size(); first += permutation.size()) {
        for (std::size_t j = 0; j < permutation.size(); ++j) permuted[first + j] = rows[first + permutation[j]];
    }
    return permuted;
}

}  // namespace stcsim
