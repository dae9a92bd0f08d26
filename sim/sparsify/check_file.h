/// `stcsim sparsify check`: does a matrix in a file meet a pattern?
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "numerics/element_type.h"
#include "numerics/sparse_pattern.h"

namespace stcsim {

struct CheckRequest {
    std::filesystem::path input;
    std::optional<ElementType> type;       ///< of the elements; else what the array's type means
    std::optional<SparsePattern> pattern;  ///< else that of the element type
    std::size_t limit;                     ///< violations to describe
};

struct CheckReport {
    ElementType type;
    SparsePattern pattern;
    std::size_t rows;
    std::size_t columns;
    std::uint64_t violations;            ///< all of them
    std::vector<std::string> described;  ///< the first ones: row, group and index, by row, then group
};

/// Looks for groups with more non-zeros than the pattern keeps, in blocks of rows. Throws InputError for bad files,
/// columns that are no multiple of the group and a type without a pattern of its own when none is given.
CheckReport check_file(const CheckRequest& request);

}  // namespace stcsim
