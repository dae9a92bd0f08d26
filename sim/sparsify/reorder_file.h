/// `stcsim sparsify reorder`: metadata in a file from one order to another.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

#include "sparsify/metadata_order.h"

namespace stcsim {

struct ReorderRequest {
    std::filesystem::path input;
    ElementType type;
    MetadataForm from;
    MetadataForm to;
    std::optional<std::size_t> rows;     ///< of the matrix; else those of the array
    std::optional<std::size_t> columns;  ///< k of the matrix; else what the array's columns describe
    std::filesystem::path output;
};

/// Converts between the orders of sparsify/metadata_order.h and says what was converted. Lanes need rows and columns;
/// so does a reordered form if its padding is to be dropped. The metadata is held in memory a few times over: some
/// bytes for each group. Throws InputError for files that do not fit and for illegal codes; leaves no partial file.
MetadataSize reorder_file(const ReorderRequest& request);

}  // namespace stcsim
