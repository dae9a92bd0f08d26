/// `stcsim sparsify prune`: magnitude pruning of a matrix in a file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

#include "numerics/element_type.h"
#include "numerics/sparse_pattern.h"
#include "sparsity/channel_permutation.h"
#include "sparsity/structured_sparsity.h"

namespace stcsim {

struct PruneRequest {
    std::filesystem::path input;
    std::optional<ElementType> type;       ///< of the elements; else what the array's type means
    std::optional<SparsePattern> pattern;  ///< else that of the element type
    bool permute = false;                  ///< permute the columns first so that more is kept
    std::filesystem::path output;
    std::optional<std::filesystem::path> permutation;  ///< where to write the permutation
    PermutationSearch search{};
};

struct PruneReport {
    ElementType type;
    SparsePattern pattern;
    std::size_t rows;
    std::size_t columns;
    KeptMagnitude as_given;  ///< with the columns in their order
    KeptMagnitude written;   ///< as written: with the columns permuted, if asked for
    std::size_t sampled;     ///< rows that the search for a permutation looked at
};

/// Prunes a file (sparsity/structured_sparsity.h) in blocks of rows. With `permute`, column j of the output is column
/// p[j] of the input, p is written as int64 if asked for, and `written` keeps no less than `as_given`; the search
/// (sparsity/channel_permutation.h) holds a sample of the magnitudes, about 200 MB at most for up to 100,000 columns.
/// Throws InputError for bad files, columns that are no multiple of the group, a type without a pattern of its own when
/// none is given, and for NaN and infinities when permuting; leaves no partial file.
PruneReport prune_file(const PruneRequest& request);

}  // namespace stcsim
